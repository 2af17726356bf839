/** What a mount replays to a medium, and when. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { Log } from "../../../src/cli/log.ts";
import { replayWhenIn } from "../../../src/cli/mount/replay-medium.ts";
import { openVolume } from "../../../src/files/index.ts";
import { mediumStore } from "../../../src/stores/medium/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { alice, contentAt } from "../../kit/memory-volume.ts";
import { refusedText, rescueStage } from "../../kit/rescue-stage.ts";
import { until } from "../../kit/until.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

const call = callAs(alice);
const log = new Log(() => undefined, "text", "error");

it("[S1.10] bytes that are parked late, when their medium is back already, are replayed too", async () => {
  const clock = new VirtualClock();
  const server = new MemoryServer({ rootMode: 0o777 });
  const drive = { identify: async () => ({ medium: "one", insertion: "1" }), open: () => memoryStore(server) };
  const store = await mediumStore(drive, { clock });
  const volume = await openVolume(store, { clock, credential: alice });
  await using stage = await rescueStage();
  const rescue = await stage.open({ storeUrl: "medium:one" });
  try {
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
    expect(await contentAt(memoryStore(server), "/file")).toBe("late");
  } finally {
    await volume.close();
  }
});
