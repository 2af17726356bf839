/**
 * The store does a part of a write after its deadline. A rescue that is tried again asks what the file is, and finds that part,
 * before the write is answered. The answer is no news then: were it taken for what the file is, the file would be as short
 * again when the rest was sent, and an append would be put over acknowledged bytes. Found by the simulation as seed 41150056.
 */
import { expect, test } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { alice, bob, bytesOf } from "../../kit/gated-file.ts";
import { late } from "../../kit/late-failure.ts";
import { nextWrite, refusalScene, refuseAll } from "../../kit/refusal-scene.ts";
import { until } from "../../kit/until.ts";

test("[S2.9] [G17] the size stays when a late write is answered after the store was asked what the file is", async () => {
  const file = await refusalScene(bytesOf(10, 7), {}, { conditionalWrites: false });
  file.rescue.failure = new Failure("ENOSPC", { syscall: "rescue" });
  await file.space.write(0, bytesOf(5, 1), alice);
  await refuseAll(file);
  expect(file.space.unrescuedBytes).toBe(5);
  await file.space.write(0, bytesOf(300, 2), bob);
  const syncing = file.clock.during(file.space.sync(bob));
  const write = await nextWrite(file);
  const hung = late();
  write.refuse(hung.failure);
  await syncing;
  const answer = await file.store.write(file.node, 0, [write.bytes.subarray(0, 100)], undefined, asSuperuser);
  file.rescue.failure = undefined;
  const again = file.space.sync(bob);
  await until("the refused bytes are rescued", () => file.space.unrescuedBytes === 0);
  file.gates.open("write");
  await hung.end(answer);
  await file.clock.during(again);
  expect(file.space.size).toBe(300);
  expect(await file.space.append(bytesOf(10, 3), bob)).toEqual({ position: 300, byteCount: 10 });
  await file.space.sync(bob);
  expect(await bytesAtStore(file)).toEqual(Uint8Array.from([...bytesOf(300, 2), ...bytesOf(10, 3)]));
  file.cache.checkInvariants();
});
