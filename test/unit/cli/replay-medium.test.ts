/** What a mount replays to a medium, and when. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { Log } from "../../../src/cli/log.ts";
import { replayWhenIn } from "../../../src/cli/mount/replay-medium.ts";
import { memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { fileOnMedium, mediumInDrive, volumeOnMedium } from "../../kit/medium-in-drive.ts";
import { alice, rewriteAt } from "../../kit/memory-volume.ts";
import { type RescueStage, refusedText, rescueStage } from "../../kit/rescue-stage.ts";
import { until } from "../../kit/until.ts";

const call = callAs(alice);
const log = new Log(() => undefined, "text", "error");

it("[S1.10] bytes that are parked late, when their medium is back already, are replayed too", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open({ storeUrl: "medium:one" });
  const medium = await mediumInDrive();
  const { media, store } = medium;
  const volume = await volumeOnMedium(medium, rescue, alice);
  const replay = replayWhenIn(store, rescue, "medium:one", log);
  await replay.now();
  replay.follow(volume);
  const file = await volume.open("/file", "w");
  await file.close();
  const { node, attributes } = await store.lookup((await store.root(call)).node, "file", call);
  const { version: baseVersion } = attributes;
  const failure = new Failure("ENOMEDIUM", { syscall: "write" });
  const rescueId = await rescue.keep(
    refusedText({ 0: "late" }, { node, path: "/file", baseVersion, failure, refusalClass: "media" }),
    call.signal,
  );
  volume.events.emit("writebackFailed", { failure, rescueId } as never);
  await until("it is replayed", async () => (await rescue.list()).length === 0);
  expect(await media.contentOf("one", "/file")).toBe("late");
});

/** A file of a volume on a medium, whose parked bytes are replayed by themselves. */
async function writerOnMedium(stage: RescueStage) {
  const medium = await mediumInDrive();
  const { media, store } = medium;
  const rescue = await stage.open({ storeUrl: "medium:one" });
  const replay = replayWhenIn(store, rescue, "medium:one", log);
  const { volume, file } = await fileOnMedium(medium, rescue, "0123456789", alice);
  replay.follow(volume);
  return { media, store, rescue, file };
}

it("[S1.10] [G4] [G30] what is written while the medium is out comes to it in order: parked bytes first, then those in the cache", async () => {
  await using stage = await rescueStage();
  const { media, store, rescue, file } = await writerOnMedium(stage);
  await file.write("aaaa", 0);
  media.pull();
  await expect(file.sync()).rejects.toMatchObject({ code: "ENOMEDIUM" });
  await file.write("bb", 2);
  expect(await rescue.list()).toHaveLength(1);
  media.inside = "one";
  await store.look();
  expect(await rescue.list()).toEqual([]);
  expect(await media.contentOf("one", "/file")).toBe("aaaa456789");
  await file.sync();
  expect(await media.contentOf("one", "/file")).toBe("aabb456789");
  await file.write("cc", 4);
  await file.sync();
  const seen = new Uint8Array(10);
  await file.read(seen, 0, 10, 0);
  expect(new TextDecoder().decode(seen)).toBe("aabbcc6789");
  expect(await rescue.list()).toEqual([]);
  await file.close();
});

it("[S1.10] [G18] nobody else reaches a medium that is back before what was parked is on it, and what others changed there stays", async () => {
  await using stage = await rescueStage();
  const { media, store, rescue, file } = await writerOnMedium(stage);
  await file.write("aaaa", 0);
  media.pull();
  await expect(file.sync()).rejects.toMatchObject({ code: "ENOMEDIUM" });
  await file.write("bb", 2);
  await rewriteAt(memoryStore(media.servers.one), "/file", "theirs");
  media.inside = "one";
  const { open } = media.drive;
  let early = Promise.resolve();
  media.drive.open = () => {
    early = expect(store.root(call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    return open();
  };
  await store.look();
  await early;
  expect(store.isIn).toBe(true);
  await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "conflict" });
  expect(await media.contentOf("one", "/file")).toBe("theirs");
  expect(await rescue.list()).toHaveLength(2);
  await file.close();
});

it("a replay that gets no answer does not hold up the end", async () => {
  const { media, clock, store } = await mediumInDrive();
  store.beforeReturn(() => new Promise(() => undefined));
  media.pull();
  await store.look();
  media.inside = "one";
  const looking = store.look();
  await store.close();
  await looking;
  expect(clock.timerCount).toBe(0);
});
