/**
 * A page is sent in two writes; between them another client changes the bytes of the first. The second write meets the conflict and
 * goes over it, as the policy says; what the first had brought is no longer what the store has. Found by the simulation as seed
 * 200011, where the store lost its power in between.
 */
import { expect, test } from "vitest";
import { memoryStore } from "../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, readBack, storedFile } from "../../kit/gated-file.ts";

test("[S5.4] what was taken before our bytes went over another client's is read again", async () => {
  const options = { readaheadBytesMax: 0, conflict: "overwrite" } as const;
  const file = await storedFile(bytesOf(pageSize, 7), options, { writeBytesMax: 3_000 });
  file.gates.close("write");
  await file.space.write(0, bytesOf(pageSize, 1), alice);
  const syncing = file.space.sync(alice);
  (await file.gates.arrived("write", 1)).pass();
  await file.gates.arrived("write", 2);
  await memoryStore(file.server).write(file.node, 0, [bytesOf(100, 9)], undefined, asSuperuser);
  file.gates.open("write");
  await file.clock.during(syncing);

  expect(file.failures).toEqual([]);
  const stored = await bytesAtStore(file);
  expect(stored.subarray(0, 100)).toEqual(bytesOf(100, 9));
  expect(await readBack(file.space, 0, pageSize)).toEqual(stored);
});
