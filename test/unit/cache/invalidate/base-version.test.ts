/** Whatever makes a file start over: bytes that are to be written at their base version keep it, and tell of the conflict. */
import { expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { late } from "../../../kit/late-failure.ts";
import { nextWrite, type RefusalScene, refusalScene } from "../../../kit/refusal-scene.ts";

const conditional = { conditionalWrites: true };
const theirs = bytesOf(100, 9);

/** Bob's bytes are sent now, and do not go over what another client wrote to the same place. */
async function expectConflict(file: RefusalScene, position: number): Promise<void> {
  file.gates.open("write");
  await file.clock.during(file.space.sync(asSuperuser));
  expect(file.failures.at(-1)).toMatchObject({ refusalClass: "conflict", outcome: "excised" });
  expect(file.rescue.entries.at(-1)?.refused.credential).toBe(bob.credential);
  const stored = await bytesAtStore(file);
  expect(stored.subarray(position, position + theirs.length)).toEqual(theirs);
  expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(stored);
  file.cache.checkInvariants();
}

test("[G18] [S0.34] a look after a lazy refusal, while another's bytes could not be sent", async () => {
  const file = await refusalScene(
    bytesOf(2 * pageSize, 7),
    { refusalActions: { permission: "invalidateLazily" } },
    conditional,
  );
  await readBack(file.space, 0, 2 * pageSize);
  await file.space.write(0, bytesOf(10, 1), alice);
  await file.space.write(pageSize, bytesOf(10, 2), bob);
  const syncing = file.space.sync(asSuperuser);
  (await nextWrite(file)).refuse(new Failure("EACCES"));
  (await nextWrite(file)).refuse(new Failure("ECONNREFUSED"));
  await file.clock.during(syncing);
  await file.store.write(file.node, pageSize, [theirs], undefined, asSuperuser);
  const reading = readBack(file.space, 0, 2 * pageSize);
  (await nextWrite(file)).refuse(new Failure("ECONNREFUSED"));
  const expected = bytesOf(2 * pageSize, 7)
    .fill(9, pageSize, pageSize + 100)
    .fill(2, pageSize, pageSize + 10);
  expect(await file.clock.during(reading)).toEqual(expected);
  expect(file.space.isDoubtful).toBe(false);
  await expectConflict(file, pageSize);
});

test("[G18] [S5.10] a truncate that was done after its deadline, and after another client's change", async () => {
  const file = await refusalScene(bytesOf(2 * pageSize, 7), {}, conditional);
  await file.space.write(0, bytesOf(10, 2), bob);
  file.gates.close("setAttributes");
  const truncating = file.space.truncate(3 * pageSize, asSuperuser);
  const hung = late();
  (await file.gates.arrived("setAttributes", 1)).refuse(hung.failure);
  await expect(truncating).rejects.toMatchObject({ code: "ETIMEDOUT" });
  await file.store.write(file.node, 0, [theirs], undefined, asSuperuser);
  await hung.end(await file.store.setAttributes(file.node, { size: 3 * pageSize }, asSuperuser));
  expect(file.space.size).toBe(3 * pageSize);
  await expectConflict(file, 0);
});
