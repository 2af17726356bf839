/**
 * A store did a write that made the file longer, said no all the same, and did not say what the file is: the size goes back to
 * what was last known. The answer to the next change of the file tells the truth. Found by the simulation as seed 8002217.
 */
import { expect, test } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { memoryStore } from "../../../src/stores/memory/index.ts";
import { asSuperuser } from "../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, readBack } from "../../kit/gated-file.ts";
import { nextWrite, refusalScene } from "../../kit/refusal-scene.ts";

test("[S0.10] a size that went back too far is the store's again after the next change", async () => {
  const file = await refusalScene(new Uint8Array(0));
  await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
  file.gates.close("getAttributes");
  const syncing = file.space.sync(alice);
  const write = await nextWrite(file);
  await memoryStore(file.server).write(file.node, 0, [write.bytes], undefined, asSuperuser);
  write.refuse(new Failure("EIO"));
  (await file.gates.arrived("getAttributes", 1)).refuse(new Failure("EIO"));
  file.gates.open("getAttributes");
  await file.clock.during(syncing);
  expect(file.failures).toMatchObject([{ outcome: "excised", sizeAfter: 0 }]);

  await file.space.punchHole(pageSize, pageSize, alice);
  expect(file.space.size).toBe(2 * pageSize);
  expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(
    Uint8Array.from([...bytesOf(pageSize, 1), ...bytesOf(pageSize, 0)]),
  );
});
