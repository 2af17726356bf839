/** Closing a volume against a deadline: success means durable, and nothing less. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { GatedStore } from "../../kit/gated-store.ts";
import { memoryVolume } from "../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

async function gatedVolume() {
  const clock = new VirtualClock();
  const gates: GatedStore[] = [];
  const world = await memoryVolume({
    clock,
    store: { durability: "volatile" },
    wrap: (store) => {
      const gated = new GatedStore(store);
      gates.push(gated);
      return gated.store;
    },
  });
  const [gate] = gates;
  if (gate === undefined) throw new Error("the volume has no store");
  return { volume: world.volume, clock, gate };
}

it("[S5.13] close throws ETIMEDOUT, naming the file, when the store took the bytes but never answers the commit", async () => {
  const { volume, clock, gate } = await gatedVolume();
  const file = await volume.open("/taken", "w");
  await file.write("words");
  gate.close("commit");
  const closed = expect(volume.close({ deadlineMs: 5000 })).rejects.toMatchObject({
    code: "ETIMEDOUT",
    path: "/taken",
    message: expect.stringContaining("not known to be durable: /taken"),
  });
  await gate.arrived("commit", 1);
  expect(volume.snapshot().dirtyFiles).toEqual([]);
  await clock.advance(5000);
  await closed;
  gate.open("commit");
  await settle();
});

it("[S5.13] one file's refusal does not hide that the deadline passed, and is its cause", async () => {
  const { volume, clock, gate } = await gatedVolume();
  const [refused, stuck] = [await volume.open("/refused", "w"), await volume.open("/stuck", "w")];
  await refused.write("a");
  await stuck.write("b");
  gate.close("write");
  const closed = expect(volume.close({ deadlineMs: 5000 })).rejects.toMatchObject({
    code: "ETIMEDOUT",
    message: expect.stringContaining("/stuck"),
    cause: { code: "EDQUOT" },
  });
  (await gate.arrived("write", 1)).refuse(new Failure("EDQUOT", { syscall: "write" }));
  await gate.arrived("write", 2);
  await clock.advance(5000);
  await closed;
  gate.open("write");
  await settle();
});

it("[S5.13] close in time succeeds, and has had the store make everything durable", async () => {
  const { volume, gate } = await gatedVolume();
  const file = await volume.open("/kept", "w");
  await file.write("words");
  await volume.close({ deadlineMs: 5000 });
  expect(gate.of("commit").length).toBeGreaterThan(0);
});
