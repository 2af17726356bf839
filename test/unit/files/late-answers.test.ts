/**
 * Answers that are heard late, from a slow store or by a process that was stopped meanwhile, are believed for the time-out
 * from the question on: what others have done since then they do not tell [G17].
 */
import { expect, it } from "vitest";
import { openFlags } from "../../../src/files/index.ts";
import { type NodeId, superuser } from "../../../src/port/index.ts";
import type { MemoryStoreOptions } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import type { GateName } from "../../kit/gated-store.ts";
import { type GatedVolume, gatedVolume } from "../../kit/gated-volume.ts";
import { contentAt, nodeAt } from "../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

const call = callAs(superuser);

interface Place extends GatedVolume {
  readonly clock: VirtualClock;
  /** The file's id at the other client. */
  readonly id: NodeId;
}

/** A volume over a store that reports nothing, with a file of three bytes that nothing is known of. */
async function place(store: MemoryStoreOptions = {}): Promise<Place> {
  const clock = new VirtualClock();
  const opened = await gatedVolume({ clock, store: { reportsChanges: false, ...store } });
  await opened.volume.promises.writeFile("/file", "old");
  await clock.advance(opened.volume.attributeTimeoutMs);
  return Object.assign(opened, { clock, id: await nodeAt(opened.other, "/file") });
}

/** Has the store do what is asked of it, and keeps its answer until the time-out has passed and `meanwhile` is over. */
async function heardLate<Answer>(
  { clock, volume, gates }: Place,
  gate: GateName,
  asking: () => Promise<Answer>,
  meanwhile: () => Promise<unknown>,
): Promise<Answer> {
  const soFar = gates.of(gate).length;
  gates.close(gate);
  const asked = asking();
  const answer = (await gates.arrived(gate, soFar + 1)).passHoldingAnswer();
  gates.open(gate);
  await clock.advance(volume.attributeTimeoutMs);
  await meanwhile();
  answer();
  return await asked;
}

it.each(["getAttributes", "setAttributes"] as const)(
  "[G17] another client's change shows after a late answer to %s, which did not tell of it",
  async (gate) => {
    await using here = await place();
    const { volume, other, id } = here;
    const file = await volume.lookup(volume.root, "file", call);
    const handle = await volume.openNode(file, openFlags.O_RDONLY, call);
    const target = new Uint8Array(3);
    await handle.readAt(0, target);
    await here.clock.advance(volume.attributeTimeoutMs);
    await heardLate(
      here,
      gate,
      () =>
        gate === "getAttributes"
          ? volume.getAttributes(file, call)
          : volume.setAttributes(file, { modifyTimeNs: 1n }, call),
      () => other.write(id, 0, [new TextEncoder().encode("new")], undefined, call),
    );
    expect(handle.tryRead(0, target)).toBe(-1);
    await handle.readAt(0, target);
    expect(new TextDecoder().decode(target)).toBe("new");
    await handle.release();
  },
);

it("[G17] an answer that a later question's has overtaken brings no old size and no old bytes back", async () => {
  await using here = await place();
  const { volume, gates, other, id } = here;
  const file = await volume.lookup(volume.root, "file", call);
  const handle = await volume.openNode(file, openFlags.O_RDONLY, call);
  await here.clock.advance(volume.attributeTimeoutMs);
  gates.close("getAttributes");
  const soFar = gates.of("getAttributes").length;
  const early = volume.getAttributes(file, call);
  const answer = (await gates.arrived("getAttributes", soFar + 1)).passHoldingAnswer();
  await settle();
  gates.open("getAttributes");
  await other.write(id, 0, [new TextEncoder().encode("newer")], undefined, call);
  expect(await volume.getAttributes(file, call)).toMatchObject({ size: 5 });
  const heard: string[] = [];
  volume.events.on("invalidate", ({ what }) => heard.push(what));
  answer();
  await early;
  expect(volume.tryGetAttributes(file, superuser)).toMatchObject({ size: 5 });
  expect(heard).toEqual([]);
  await handle.release();
});

it("[G17] a name that another client removed is gone after a late answer to a lookup, which had found it", async () => {
  await using here = await place();
  const { volume, other } = here;
  const { node: root } = await other.root(call);
  await heardLate(
    here,
    "lookup",
    () => volume.lookup(volume.root, "file", call),
    () => other.remove(root, "file", call),
  );
  await expect(volume.lookup(volume.root, "file", call)).rejects.toMatchObject({ code: "ENOENT" });
});

it("[G17] [G18] bytes written after a late answer to one's own write are no conflict with what others did before them", async () => {
  await using here = await place({ conditionalWrites: true });
  const { volume, other, id } = here;
  const file = await volume.open("/file", "r+");
  await file.write("own", 0);
  await heardLate(
    here,
    "write",
    () => file.sync(),
    () => other.write(id, 3, [new TextEncoder().encode(" theirs")], undefined, call),
  );
  await file.write("OWN", 0);
  await file.sync();
  expect(await contentAt(other, "/file")).toBe("OWN theirs");
  await file.close();
});
