/** What a mount does with a medium that was out: what was parked for it is replayed when it is back, and at the start. */
import { failureFrom } from "../../base/index.ts";
import type { Volume, WritebackFailed } from "../../files/index.ts";
import { type Rescue, replay } from "../../rescue/index.ts";
import type { MediumStore } from "../../stores/medium/index.ts";
import type { Log } from "../log.ts";

export interface MediumReplay {
  /** Replays what there is; resolves when that has ended, and everything that was asked for before. */
  now(): Promise<void>;
  /** Replays also what this volume parks although the medium is back: a write that failed late. */
  follow(volume: Volume): void;
}

/** Replays whenever the medium is back. */
export function replayWhenIn(store: MediumStore, rescue: Rescue, url: string, log: Log): MediumReplay {
  let running = Promise.resolve();
  const now = (): Promise<void> => {
    running = running.then(() => replayOnce(store, rescue, url, log));
    return running;
  };
  const parked = ({ failure, rescueId }: WritebackFailed): void => {
    if (failure.code === "ENOMEDIUM" && rescueId !== undefined && store.isIn) void now();
  };
  store.onChange((change) => {
    if (change === "out") return log.warn("the medium was taken out; what it does not get is parked in rescue");
    log.warn("the medium is back");
    void now();
  });
  return {
    now,
    follow(volume) {
      volume.events.on("writebackFailed", parked);
      volume.events.on("rescued", parked);
    },
  };
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
