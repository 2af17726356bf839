/**
 * The books of a cache, its counters and gauges, compared with what was counted at its doors (`cache-traffic.ts`), with what
 * it told of, and with the model. Each has a page: what it has to agree with after each step, and what besides when the volume
 * is at rest, everything is sent and nobody reads. docs/simulation.md has the list in words.
 */
import type { CacheSnapshot, Counters, WritebackFailure } from "../../src/cache/index.ts";
import { tags } from "../../src/cache/space/page-tree.ts";
import { pauseMsMax } from "../../src/cache/writeback/throttle.ts";
import type { CacheTraffic } from "./cache-traffic.ts";
import type { Scenario } from "./scenario.ts";

/** What the cache has told of. */
export class ToldOf {
  readonly refusals: Map<string, number> = new Map();
  excisedPages = 0;
  rescuedBytes = 0;

  /** A failure joined an error sequence. */
  failed(told: WritebackFailure, pageSize: number): void {
    const { outcome, refusalClass } = told;
    if (outcome === "keptDirty" || outcome === "uncertain") return;
    this.refusals.set(refusalClass, (this.refusals.get(refusalClass) ?? 0) + 1);
    this.settled(told, pageSize);
  }

  /** Refused bytes are kept elsewhere, now or when they were refused. */
  settled({ outcome, ranges }: WritebackFailure, pageSize: number): void {
    if (outcome === "unrescued") return;
    this.rescuedBytes += ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (outcome !== "excised" && outcome !== "copied") return;
    const pages = new Set<number>();
    for (const { start, end } of ranges)
      for (let page = Math.floor(start / pageSize); page * pageSize < end; page++) pages.add(page);
    this.excisedPages += pages.size;
  }
}

/** What the numbers are compared with. */
export interface Evidence {
  readonly gauges: CacheSnapshot;
  readonly counters: Readonly<Counters>;
  readonly traffic: CacheTraffic;
  readonly told: ToldOf;
  readonly scenario: Scenario;
}

type Claim = (evidence: Evidence) => boolean;

interface BookPage {
  /** Holds after each step. */
  readonly always: Claim;
  /** Holds besides when everything is sent and nobody reads. */
  readonly atRest?: Claim;
}

const sum = (numbers: Readonly<Record<string, number>>): number =>
  Object.values(numbers).reduce((all, each) => all + each, 0);
const tagged = ({ traffic }: Evidence, tag: 0 | 1): number => {
  let count = 0;
  for (const { pages } of traffic.spaces) count += pages.taggedCount(tag);
  return count;
};
const isQuietRead = ({ traffic }: Evidence): boolean => traffic.readsUnderWay === 0;

/** A page for each counter. */
const counterPages: Readonly<Record<keyof Counters, BookPage>> = {
  readHits: { always: ({ counters, traffic }) => counters.readHits <= traffic.readsAtOnce + traffic.readsWaited },
  readMisses: {
    always: ({ counters, traffic }) => traffic.readsAtOnce <= counters.readHits + counters.readMisses,
  },
  readBytes: {
    always: ({ counters, traffic }) => counters.readBytes >= traffic.readBytes,
    atRest: (evidence) => !isQuietRead(evidence) || evidence.counters.readBytes === evidence.traffic.readBytes,
  },
  fillReads: { always: ({ counters, traffic }) => counters.fillReads === traffic.storeReads },
  fillBytes: {
    always: ({ counters, traffic }) => counters.fillBytes <= traffic.storeReadBytes,
    atRest: ({ counters, traffic }) => hasLocked(traffic) || counters.fillBytes === traffic.storeReadBytes,
  },
  readaheadBytes: {
    always: ({ counters, scenario }) => scenario.readaheadBytesMax > 0 || counters.readaheadBytes === 0,
  },
  writes: {
    always: ({ counters, traffic }) => counters.writes >= traffic.writes && counters.writes <= counters.writtenBytes,
  },
  writtenBytes: {
    always: ({ counters: { writtenBytes }, traffic }) =>
      writtenBytes >= traffic.writtenBytes && writtenBytes <= traffic.writtenBytes + traffic.unacknowledgedBytes,
  },
  // A page also gets a copy where a late answer keeps its frame.
  copiesOnWrite: {
    always: ({ counters: { copiesOnWrite }, traffic: { framesCopied, framesKeptByLate } }) =>
      copiesOnWrite <= framesCopied && copiesOnWrite >= framesCopied - framesKeptByLate,
  },
  evictedPages: {
    always: ({ counters, traffic }) => counters.evictedPages === traffic.pagesRemoved - traffic.pagesDropped,
  },
  frameWaits: {
    always: ({ counters, traffic }) => counters.frameWaits === 0 || traffic.pagesMade > 0,
  },
  throttlePauses: { always: ({ counters }) => counters.throttlePauses === 0 || counters.writes > 0 },
  throttlePauseMs: {
    always: ({ counters }) => counters.throttlePauseMs <= counters.throttlePauses * pauseMsMax,
  },
  invalidatedPages: { always: ({ counters, traffic }) => counters.invalidatedPages <= traffic.pagesDropped },
  storeWrites: { always: ({ counters, traffic }) => counters.storeWrites === traffic.storeWrites },
  storeWriteBytes: {
    always: ({ counters, traffic }) => counters.storeWriteBytes <= traffic.storeWriteBytes,
    atRest: ({ counters, traffic }) => counters.storeWriteBytes === traffic.storeWriteBytes,
  },
  storeShortWrites: {
    always: ({ counters, traffic }) => counters.storeShortWrites <= traffic.storeShortWrites,
    atRest: ({ counters, traffic }) => counters.storeShortWrites === traffic.storeShortWrites,
  },
  storeWriteFailures: { always: ({ counters }) => counters.storeWriteFailures <= counters.redirtiedPages },
  redirtiedPages: { always: ({ counters, traffic }) => counters.redirtiedPages === traffic.pagesRedirtied },
  sentAgain: { always: ({ counters, traffic }) => counters.sentAgain <= traffic.localFailures },
  conflictsOverwritten: {
    always: ({ counters, traffic, scenario }) =>
      counters.conflictsOverwritten <= (scenario.refusals.conflict === "overwrite" ? traffic.versionConflicts : 0),
  },
  excisedPages: {
    always: ({ counters, told }) => counters.excisedPages >= told.excisedPages,
    atRest: ({ counters, told }) => counters.excisedPages === told.excisedPages,
  },
  rescuedBytes: {
    always: ({ counters, told }) => counters.rescuedBytes >= told.rescuedBytes,
    atRest: ({ counters, told }) => counters.rescuedBytes === told.rescuedBytes,
  },
  refusals: {
    always: ({ counters, told }) =>
      Object.entries(counters.refusals).every(([each, count]) => count === (told.refusals.get(each) ?? 0)),
  },
  writeVerdicts: {
    always: ({ counters: { writeVerdicts, writes }, traffic }) =>
      writeVerdicts.modify + writeVerdicts.create + writeVerdicts.copyOnWrite >= writes - traffic.adoptedWrites,
  },
  passes: { always: ({ counters, traffic }) => traffic.pagesIssued === 0 || sum(counters.passes) > 0 },
};

/** A page for each gauge. */
const gaugePages: Readonly<Record<Exclude<keyof CacheSnapshot, "counters">, BookPage>> = {
  pageSize: { always: ({ gauges, scenario }) => gauges.pageSize === scenario.pageSize },
  budgetBytes: { always: ({ gauges, scenario }) => gauges.budgetBytes === scenario.budgetPages * scenario.pageSize },
  frameBytes: {
    always: ({ gauges }) =>
      gauges.frameBytes <= gauges.budgetBytes && gauges.frameBytes >= gauges.cachedPages * gauges.pageSize,
  },
  cachedPages: { always: ({ gauges, traffic }) => gauges.cachedPages === traffic.pagesMade - traffic.pagesRemoved },
  dirtyBytes: {
    always: ({ gauges: { dirtyBytes, dirtyPages, pageSize } }) =>
      dirtyBytes >= dirtyPages && dirtyBytes <= dirtyPages * pageSize,
  },
  dirtyPages: { always: (evidence) => evidence.gauges.dirtyPages === tagged(evidence, tags.dirty) },
  inFlightBytes: {
    always: ({ gauges: { inFlightBytes, inFlightPages, pageSize } }) =>
      inFlightBytes >= inFlightPages && inFlightBytes <= inFlightPages * pageSize,
  },
  inFlightPages: { always: (evidence) => evidence.gauges.inFlightPages === tagged(evidence, tags.writeback) },
  unrescuedBytes: {
    always: ({ gauges: { unrescuedBytes, unrescuedPages, pageSize } }) =>
      unrescuedBytes >= unrescuedPages && unrescuedBytes <= unrescuedPages * pageSize,
  },
  unrescuedPages: {
    always: ({ gauges, traffic }) => {
      let parts = 0;
      for (const { refusals } of traffic.spaces) {
        for (const refusal of refusals) {
          if (refusal.state === "unrescued") parts += refusal.parts.filter(({ hasLeft }) => !hasLeft).length;
        }
      }
      return gauges.unrescuedPages === parts;
    },
  },
  dirtyFiles: {
    always: ({ gauges, traffic }) => {
      let unsent = 0;
      for (const { dirtyBytes } of traffic.spaces) if (dirtyBytes > 0) unsent += 1;
      return gauges.dirtyFiles >= unsent && gauges.dirtyFiles <= gauges.openSpaces;
    },
  },
  openSpaces: { always: ({ gauges, traffic }) => gauges.openSpaces === traffic.spaces.size },
  storeBytesPerSecond: {
    always: ({ gauges }) => gauges.storeBytesPerSecond >= 0 && Number.isFinite(gauges.storeBytesPerSecond),
  },
};

function hasLocked({ spaces }: CacheTraffic): boolean {
  for (const { pages } of spaces)
    for (let page = pages.next(0); page !== undefined; page = pages.next(page.index + 1)) if (page.locked) return true;
  return false;
}

const pages: readonly (readonly [string, BookPage])[] = [
  ...Object.entries(counterPages),
  ...Object.entries(gaugePages),
];

/** What has a page. */
export const bookNames: readonly string[] = pages.map(([name]) => name);

/** The first number that does not agree; undefined when all do. */
export function complaintOfBooks(evidence: Evidence, isAtRest: boolean): string | undefined {
  for (const [name, { always, atRest }] of pages) {
    if (always(evidence) && (!isAtRest || atRest === undefined || atRest(evidence))) continue;
    return `${name} is ${JSON.stringify(numberOf(evidence, name))}, which does not agree: ${textOf(evidence)}`;
  }
  return undefined;
}

function numberOf({ gauges, counters }: Evidence, name: string): unknown {
  return Object.hasOwn(counters, name) ? Reflect.get(counters, name) : Reflect.get(gauges, name);
}

/** All that the number could be compared with, for the report. */
function textOf({ traffic, told, counters }: Evidence): string {
  const { failures: _failures, spaces: _spaces, cache: _cache, framesRefused: _framesRefused, ...numbers } = traffic;
  const { refusals, ...others } = told;
  return JSON.stringify({ ...numbers, ...others, refusals: Object.fromEntries(refusals), counters });
}
