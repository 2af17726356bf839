/** Late writes of bytes that have left the cache meanwhile: what was read in their place is not shown once the store has them. */
import { expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore, type CachedFile } from "../../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, readBack, storedFile, tellingsOf } from "../../../kit/gated-file.ts";
import { late, lateWrite } from "../../../kit/late-failure.ts";
import { refusalScene } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

async function expectAsAtStore(file: CachedFile): Promise<void> {
  expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(await bytesAtStore(file));
  expect(file.space.size).toBe((await bytesAtStore(file)).length);
  file.cache.checkInvariants();
}

test("[G1] [G17] of a record that was refused because of its other flight", async () => {
  const manifest = { conditionalWrites: false, parallelWrites: 2, writeBytesMax: pageSize };
  const file = await refusalScene(bytesOf(pageSize, 7), {}, manifest);
  const tellings = tellingsOf(file.space);
  await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
  const syncing = file.space.sync(asSuperuser);
  const hung = late();
  const hanging = await file.gates.arrived("write", 2);
  file.gates.of("write")[0]?.refuse(new Failure("EACCES"));
  await settle();
  hanging.refuse(hung.failure);
  await file.clock.during(syncing);
  expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(pageSize, 7));
  expect(tellings.count).toBe(0);
  await hung.end(await file.store.write(file.node, pageSize, [hanging.bytes], undefined, asSuperuser));
  expect(tellings.count).toBe(1);
  await expectAsAtStore(file);
});

test("[G1] [S4.10] that an invalidation has discarded", async () => {
  const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
  const tellings = tellingsOf(file.space);
  await file.space.write(0, bytesOf(2 * pageSize, 1), asSuperuser);
  const { write, hung } = await lateWrite(file);
  await file.clock.during(file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser, "discard"));
  expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(pageSize, 7));
  await hung.end(await file.store.write(file.node, 0, [write.bytes], undefined, asSuperuser));
  expect(tellings.count).toBe(1);
  await expectAsAtStore(file);
});

test("[G17] where they are still to be sent, nothing else is doubted", async () => {
  const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
  const tellings = tellingsOf(file.space);
  await readBack(file.space, 0, 2 * pageSize);
  await file.space.write(10, bytesOf(2 * pageSize, 1), asSuperuser);
  const { write, hung } = await lateWrite(file);
  await hung.end(await file.store.write(file.node, 10, [write.bytes], undefined, asSuperuser));
  expect(tellings.count).toBe(0);
  const reader = file.space.newReadahead();
  expect(file.space.tryRead(0, new Uint8Array(2 * pageSize), reader, asSuperuser.credential)).toBe(2 * pageSize);
});
