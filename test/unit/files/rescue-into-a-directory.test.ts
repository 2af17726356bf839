/** A refusal from end to end in the library: told, kept on a disk, gone from the volume, and brought back by a person. */
import { expect, it } from "vitest";
import { superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { alice, bob, contentAt, memoryVolume, nodeAt } from "../../kit/memory-volume.ts";
import { rescuedText, rescueStage } from "../../kit/rescue-stage.ts";

const asSuperuser = callAs(superuser);

it("[S5.2] [S5.1] [S5.15] refused bytes are in the rescue directory when fsync fails, and come back when they may", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  await using place = await memoryVolume({ volume: { rescue } });
  const { volume, other } = place;
  await volume.promisesFor(alice).writeFile("/file", "as it was", { mode: 0o666 });
  const mine = await volume.open("/file", "r+", { credential: alice });
  const also = await volume.open("/file", "r+", { credential: alice });
  await mine.write("ALICE");
  const node = await nodeAt(other, "/file");
  await other.setAttributes(node, { mode: 0o666, uid: bob.uid }, asSuperuser);
  await other.setAttributes(node, { mode: 0o644 }, asSuperuser);

  const failure: unknown = await mine.sync().catch((thrown: unknown) => thrown);
  const [entry] = await rescue.list();
  expect(failure).toMatchObject({ code: "EACCES", rescueId: entry?.id });
  expect(await rescuedText(rescue, entry?.id ?? "")).toEqual({ 0: "ALICE" });
  expect(entry).toMatchObject({ state: "whole", manifest: { path: "/file", credential: { uid: alice.uid } } });
  await expect(also.sync()).rejects.toMatchObject({ code: "EACCES" });
  await mine.sync();
  expect(await volume.promisesFor(bob).readFile("/file", "utf8")).toBe("as it was");
  for (const handle of [mine, also]) await handle.close();
  await volume.close();
  const { cache, openFiles, dirtyFiles } = volume.snapshot();
  expect([openFiles, dirtyFiles]).toEqual([[], []]);
  const zero = { frameBytes: 0, cachedPages: 0, dirtyBytes: 0, dirtyPages: 0, inFlightBytes: 0, inFlightPages: 0 };
  expect(cache).toMatchObject({ ...zero, unrescuedBytes: 0, unrescuedPages: 0, dirtyFiles: 0, openSpaces: 0 });

  const later = await stage.open();
  expect((await later.list()).map(({ id }) => id)).toEqual([entry?.id]);
  await other.setAttributes(node, { mode: 0o666 }, asSuperuser);
  await later.restore(entry?.id ?? "", other, { discard: true, overwrite: true });
  expect(await contentAt(other, "/file")).toBe("ALICE was");
  expect(await later.list()).toEqual([]);
});
