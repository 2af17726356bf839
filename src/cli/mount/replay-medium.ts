/** What a mount does with a medium that was out: what was parked for it meanwhile is replayed, then and at the start. */
import { failureFrom } from "../../base/index.ts";
import { type Rescue, replay } from "../../rescue/index.ts";
import type { MediumStore } from "../../stores/medium/index.ts";
import type { Log } from "../log.ts";

/** Replays now, and whenever the medium is back. Resolves when the first replay has ended. */
export async function replayWhenIn(store: MediumStore, rescue: Rescue, url: string, log: Log): Promise<void> {
  let running = Promise.resolve();
  store.onChange((change) => {
    log.warn(
      change === "out" ? "the medium was taken out; what it does not get is parked in rescue" : "the medium is back",
    );
    if (change === "in") running = running.then(() => replayOnce(store, rescue, url, log));
  });
  await replayOnce(store, rescue, url, log);
}

async function replayOnce(store: MediumStore, rescue: Rescue, url: string, log: Log): Promise<void> {
  try {
    for (const { id, path, failure } of await replay(rescue, store, url)) {
      if (failure === undefined) log.info("parked bytes are on their medium", { entry: id, path });
      else log.warn("parked bytes stay in rescue", { entry: id, path, why: failure.message });
    }
  } catch (thrown) {
    log.warn("what was parked could not be replayed", { why: failureFrom(thrown).message });
  }
}
