/** What is written after a sync began is no failure of the sync. Found by the simulation as seed 26 of its first day. */
import { expect, test } from "vitest";
import { openFlags } from "../../../src/files/index.ts";
import { asSuperuser } from "../../kit/cached-file.ts";
import { memoryVolume } from "../../kit/memory-volume.ts";

test("[G21] a sync of the volume ends well although somebody writes meanwhile", async () => {
  await using world = await memoryVolume();
  const { volume } = world;
  const handle = await volume.createFile(volume.root, "file", 0o666, openFlags.O_RDWR, asSuperuser);
  await handle.writeAt(0, new Uint8Array(100).fill(1));
  const synced = volume.sync().then(() => "synced");
  // The next write follows whatever the sync does, turn by turn.
  for (let turn = 0; turn < 50; turn++) {
    await Promise.resolve();
    await handle.writeAt(10_000, new Uint8Array(1).fill(2));
  }
  expect(await synced).toBe("synced");
  expect(volume.snapshot().cache.dirtyBytes).toBeGreaterThan(0);
  await handle.release();
});
