/**
 * Bytes that made a file longer are refused and cannot be rescued; others are written over their end, and are refused and
 * excised. When the first are rescued, the size goes back all the way. Found by the simulation as seed 2068.
 */
import { expect, test } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { alice, bytesOf } from "../../kit/gated-file.ts";
import { nextWrite, refusalScene, refuseAll } from "../../kit/refusal-scene.ts";

test("[S0.10] the size goes back to the store's after two refusals of which the first was rescued last", async () => {
  const file = await refusalScene(bytesOf(10, 7));
  file.rescue.failure = new Failure("ENOSPC", { syscall: "rescue" });
  await file.space.write(1_000, bytesOf(1_000, 1), alice);
  await refuseAll(file);
  expect(file.failures).toMatchObject([{ outcome: "unrescued", sizeAfter: 2_000 }]);
  await file.space.write(1_500, bytesOf(1_000, 2), alice);
  const syncing = file.space.sync(alice);
  const write = await nextWrite(file);
  file.rescue.failure = undefined;
  write.refuse(new Failure("EACCES"));
  await file.clock.during(syncing);
  expect(file.failures).toMatchObject([{ outcome: "unrescued" }, { outcome: "excised", sizeBefore: 2_500 }]);
  await file.space.sync(alice);
  expect(file.space.unrescuedBytes).toBe(0);
  expect(file.space.size).toBe(10);
});
