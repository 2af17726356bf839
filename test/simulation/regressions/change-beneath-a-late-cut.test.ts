/**
 * Another client changed a file while a truncate from here was late, and the truncate came to nothing in the end. An answer of
 * the store that came while it was late cannot be judged, so the next look has to ask again: what was answered then must not
 * be believed for a whole time-out. Found by the simulation as seed 53439.
 */
import { expect, test } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";
import { rewriteAt } from "../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

test("[G17] the look after a late truncate that failed shows what another client did meanwhile", async () => {
  const clock = new VirtualClock();
  await using place = await gatedVolume({ clock, store: { reportsChanges: false } });
  const { volume, other, gates } = place;
  await volume.promises.writeFile("/file", "old");
  const file = await volume.open("/file", "r+");
  expect(await file.readFile("utf8")).toBe("old");
  gates.close("setAttributes");
  const { length: before } = gates.of("setAttributes");
  const truncating = file.truncate(1);
  const late = await gates.arrived("setAttributes", before + 1);
  await expect(clock.during(truncating)).rejects.toMatchObject({ code: "ETIMEDOUT" });

  await rewriteAt(other, "/file", "another");
  await clock.advance(volume.attributeTimeoutMs);
  await file.stat();
  late.refuse(new Failure("EINTR"));
  await settle();
  expect((await file.stat()).size).toBe(7);
  const bytes = new Uint8Array(10);
  const { bytesRead } = await file.read(bytes, 0, 10, 0);
  expect(new TextDecoder().decode(bytes.subarray(0, bytesRead))).toBe("another");
  await file.close();
});
