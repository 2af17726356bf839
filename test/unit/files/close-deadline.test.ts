/** Closing a volume against a deadline: success means durable, and nothing less. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { type GatedVolume, gatedVolume } from "../../kit/gated-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

/** A volume whose store has to be told to make things durable. */
async function volatileVolume(): Promise<GatedVolume & { readonly clock: VirtualClock }> {
  const clock = new VirtualClock();
  return Object.assign(await gatedVolume({ clock, store: { durability: "volatile" } }), { clock });
}

it("[S5.13] close throws ETIMEDOUT, naming the file, when the store took the bytes but never answers the commit", async () => {
  const { volume, clock, gates } = await volatileVolume();
  const file = await volume.open("/taken", "w");
  await file.write("words");
  gates.close("commit");
  const closed = expect(volume.close({ deadlineMs: 5000 })).rejects.toMatchObject({
    code: "ETIMEDOUT",
    path: "/taken",
    message: expect.stringContaining("not known to be durable: /taken"),
  });
  await gates.arrived("commit", 1);
  expect(volume.snapshot().dirtyFiles).toEqual([]);
  await clock.advance(5000);
  await closed;
  gates.open("commit");
  await settle();
});

it("[S5.13] one file's refusal does not hide that the deadline passed, and is its cause", async () => {
  const { volume, clock, gates } = await volatileVolume();
  const [refused, stuck] = [await volume.open("/refused", "w"), await volume.open("/stuck", "w")];
  await refused.write("a");
  await stuck.write("b");
  gates.close("write");
  const closed = expect(volume.close({ deadlineMs: 5000 })).rejects.toMatchObject({
    code: "ETIMEDOUT",
    message: expect.stringContaining("/stuck"),
    cause: { code: "EDQUOT" },
  });
  (await gates.arrived("write", 1)).refuse(new Failure("EDQUOT", { syscall: "write" }));
  await gates.arrived("write", 2);
  await clock.advance(5000);
  await closed;
  gates.open("write");
  await settle();
});

it("[S5.13] close in time succeeds, and has had the store make everything durable", async () => {
  const { volume, gates } = await volatileVolume();
  const file = await volume.open("/kept", "w");
  await file.write("words");
  await volume.close({ deadlineMs: 5000 });
  expect(gates.of("commit").length).toBeGreaterThan(0);
});
