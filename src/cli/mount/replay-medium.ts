/** What a mount does with a medium that was out: what was parked for it is replayed when it is back, and at the start. */
import { type CancelSignal, failureFrom } from "../../base/index.ts";
import type { Volume, WritebackFailed } from "../../files/index.ts";
import { DeadlineStore, type Store } from "../../port/index.ts";
import { type Rescue, replay } from "../../rescue/index.ts";
import type { MediumStore } from "../../stores/medium/index.ts";
import type { Log } from "../log.ts";

export interface MediumReplay {
  /** Replays what there is; resolves when that has ended, and everything that was asked for before. */
  now(): Promise<void>;
  /** Replays also what this volume parks although the medium is back: a write that failed late. */
  follow(volume: Volume): void;
}

/** Replays whenever the medium is back, before what is written later. */
export function replayWhenIn(store: MediumStore, rescue: Rescue, url: string, log: Log): MediumReplay {
  let running = Promise.resolve();
  const replayTo = (target: Store, signal?: CancelSignal): Promise<void> => {
    running = running.then(() => replayAll(target, signal));
    return running;
  };
  /** Again as long as something came to the medium: more may have been parked meanwhile. */
  async function replayAll(target: Store, signal: CancelSignal | undefined): Promise<void> {
    const timely = new DeadlineStore(target);
    const told = new Set<string>();
    try {
      for (let isMore = true; isMore && signal?.aborted !== true; ) {
        isMore = false;
        for (const { id, path, node, earlier, version, failure } of await replay(rescue, timely, url, signal)) {
          if (version !== undefined) store.replayed(node, earlier, version);
          if (failure === undefined) isMore = true;
          if (failure === undefined) log.info("parked bytes are on their medium", { entry: id, path });
          else if (!told.has(id)) log.warn("parked bytes stay in rescue", { entry: id, path, why: failure.message });
          told.add(id);
        }
      }
    } catch (thrown) {
      log.warn("what was parked could not be replayed", { why: failureFrom(thrown).message });
    }
  }
  const parked = ({ failure, rescueId }: WritebackFailed): void => {
    if (failure.code === "ENOMEDIUM" && rescueId !== undefined && store.isIn) void replayTo(store);
  };
  store.beforeReturn(replayTo);
  store.onChange((change) => {
    if (change === "out") return log.warn("the medium was taken out; what it does not get is parked in rescue");
    log.warn("the medium is back");
  });
  return {
    now: () => replayTo(store),
    follow(volume) {
      volume.events.on("writebackFailed", parked);
      volume.events.on("rescued", parked);
    },
  };
}
