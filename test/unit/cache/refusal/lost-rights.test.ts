/** Every way to lose the right to write, by the code that a store says it with: the same follows. */
import { expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { nextWrite, refusalScene } from "../../../kit/refusal-scene.ts";

test.each([
  ["EACCES", "the right was taken away, from the file or its directory"],
  ["EPERM", "the file was made immutable"],
  ["EKEYEXPIRED", "the key ran out"],
  ["EKEYREVOKED", "the key was taken back"],
  ["EKEYREJECTED", "the account is gone"],
  ["ENOKEY", "there is no key any more"],
] as const)("[S0.7] [S0.12] %s: %s", async (code, _how) => {
  const file = await refusalScene(bytesOf(2 * pageSize, 7));
  const cursor = file.space.errors.sample();
  await file.space.write(pageSize + 100, bytesOf(2 * pageSize, 1), alice);
  await file.space.write(10, bytesOf(10, 2), bob);
  const syncing = file.space.sync(asSuperuser);
  (await nextWrite(file)).pass();
  (await nextWrite(file)).refuse(new Failure(code));
  await file.clock.during(syncing);
  expect(file.space.errors.check(cursor)).toMatchObject({ code });
  expect(file.failures).toMatchObject([{ failure: { code }, refusalClass: "permission", outcome: "excised" }]);
  expect(file.rescue.entries).toMatchObject([{ refused: { credential: alice.credential, failure: { code } } }]);
  const expected = bytesOf(2 * pageSize, 7).fill(2, 10, 20);
  expect(file.space.size).toBe(2 * pageSize);
  expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
  expect(await bytesAtStore(file)).toEqual(expected);
});
