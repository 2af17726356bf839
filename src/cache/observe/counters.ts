/** What a cache has done since it was made. Counters only grow; gauges are read from the books (snapshot.ts). */
import type { RefusalClass } from "../../port/index.ts";
import type { WriteVerdict } from "../write/plan.ts";
import type { WritebackReason } from "../writeback/control.ts";

export class Counters {
  readHits = 0;
  readMisses = 0;
  readBytes = 0;
  fillReads = 0;
  fillBytes = 0;
  readaheadBytes = 0;
  writes = 0;
  writtenBytes = 0;
  copiesOnWrite = 0;
  evictedPages = 0;
  frameWaits = 0;
  throttlePauses = 0;
  throttlePauseMs = 0;
  invalidatedPages = 0;
  storeWrites = 0;
  storeWriteBytes = 0;
  storeShortWrites = 0;
  storeWriteFailures = 0;
  redirtiedPages = 0;
  sentAgain = 0;
  conflictsOverwritten = 0;
  excisedPages = 0;
  rescuedBytes = 0;
  readonly refusals: Record<RefusalClass, number> = {
    permission: 0,
    conflict: 0,
    space: 0,
    media: 0,
    gone: 0,
    integrity: 0,
    transient: 0,
    local: 0,
  };
  readonly writeVerdicts: Record<WriteVerdict, number> = {
    modify: 0,
    create: 0,
    copyOnWrite: 0,
    waitForFill: 0,
    waitForFlight: 0,
    flushConflict: 0,
    flushFragments: 0,
    fillFirst: 0,
  };
  readonly passes: Record<WritebackReason, number> = {
    background: 0,
    periodic: 0,
    reclaim: 0,
    sync: 0,
    conflict: 0,
    launder: 0,
    close: 0,
    attributes: 0,
  };
}
