/**
 * Listens in at the doors of a cache: what its address spaces are asked for and answer, what it asks its store for and is
 * answered, and which pages and spaces come and go. Counted here a second time, so that the cache's own books can be compared
 * with it (`books.ts`). One run at a time, for all caches of the process.
 */
import { Failure } from "../../src/base/index.ts";
import { classify, type FrameRun, PageCache, type SpaceObserver } from "../../src/cache/index.ts";
import { FramePool } from "../../src/cache/page/frame-pool.ts";
import { Page } from "../../src/cache/page/page.ts";
import type { PageTransition } from "../../src/cache/page/page-state.ts";
import { AddressSpace } from "../../src/cache/space/address-space.ts";
import { FilePages } from "../../src/cache/space/file-pages.ts";
import { type NodeId, type Store, VersionConflict } from "../../src/port/index.ts";
import { FramesRefused } from "./frames-refused.ts";

/** What a failed operation of the store was about. */
export interface FailedCall {
  readonly operation: string;
  readonly node: NodeId;
  readonly credentialId: string;
}

export class CacheTraffic {
  /** Bytes that reads were answered with; reads that have not ended yet. */
  readBytes = 0;
  readsUnderWay = 0;
  /** Reads that were answered at once, with bytes; reads that waited. */
  readsAtOnce = 0;
  readsWaited = 0;
  /** Bytes of writes that were acknowledged, and of those that may have been written besides: of writes that failed. */
  writtenBytes = 0;
  unacknowledgedBytes = 0;
  /** Writes that were acknowledged, with bytes; those of them whose frames were taken over. */
  writes = 0;
  adoptedWrites = 0;
  /** Asked of the store, and answered. */
  storeWrites = 0;
  storeWriteBytes = 0;
  storeShortWrites = 0;
  storeWritesFailed = 0;
  localFailures = 0;
  versionConflicts = 0;
  storeReads = 0;
  storeReadBytes = 0;
  readonly failures: Map<unknown, FailedCall> = new Map();
  /** Pages that were made, that left, and that left other than by eviction. */
  pagesMade = 0;
  pagesRemoved = 0;
  pagesDropped = 0;
  pagesRedirtied = 0;
  pagesIssued = 0;
  framesCopied = 0;
  framesKeptByLate = 0;
  readonly framesRefused: FramesRefused = new FramesRefused();
  readonly spaces: Set<FilePages> = new Set();
  /** The cache of the run, as soon as it has a space. */
  cache: PageCache | undefined;
}

type Listen = (node: NodeId, observer: SpaceObserver) => SpaceObserver;

let current: CacheTraffic = new CacheTraffic();
let listen: Listen = (_node, observer) => observer;

/** From now on the traffic is counted here, and each new space has the observer that `observing` answers for the one asked for. */
export function listenToCaches(traffic: CacheTraffic, observing: Listen): void {
  current = traffic;
  listen = observing;
}

const { createSpace, forget, takeFrame } = PageCache.prototype;
PageCache.prototype.createSpace = function (this: PageCache, node, attributes, observer) {
  if (current.cache !== this) {
    current.cache = this;
    Object.defineProperty(this, "store", { value: witnessed(this.store, current) });
  }
  const space = createSpace.call(this, node, attributes, listen(node, observer));
  current.spaces.add(space);
  return space;
};
PageCache.prototype.forget = function (this: PageCache, space) {
  forget.call(this, space);
  current.spaces.delete(space);
};

PageCache.prototype.takeFrame = function (this: PageCache, ...given) {
  const { framesRefused, spaces } = current;
  return takeFrame.apply(this, given).catch((thrown) => {
    framesRefused.heard(thrown, this, spaces);
    throw thrown;
  });
};

const { insertPage, dropPage } = FilePages.prototype;
FilePages.prototype.insertPage = function (this: FilePages, index, frame) {
  current.pagesMade += 1;
  return insertPage.call(this, index, frame);
};
FilePages.prototype.dropPage = function (this: FilePages, page) {
  current.pagesDropped += 1;
  dropPage.call(this, page);
};

const { transition, copyTo } = Page.prototype;
Page.prototype.transition = function (this: Page, taken: PageTransition): void {
  if (taken === "removed") current.pagesRemoved += 1;
  else if (taken === "failed") current.pagesRedirtied += 1;
  else if (taken === "issued") current.pagesIssued += 1;
  transition.call(this, taken);
};
Page.prototype.copyTo = function (this: Page, frame): void {
  current.framesCopied += 1;
  copyTo.call(this, frame);
};

const { replace } = FramePool.prototype;
FramePool.prototype.replace = function (this: FramePool, late) {
  current.framesKeptByLate += 1;
  return replace.call(this, late);
};

const { tryRead, read, tryReadFrames, readFrames } = AddressSpace.prototype;
AddressSpace.prototype.tryRead = function (this: AddressSpace, ...given) {
  const count = tryRead.apply(this, given);
  if (count > 0) {
    current.readsAtOnce += 1;
    current.readBytes += count;
  }
  return count;
};
AddressSpace.prototype.tryReadFrames = function (this: AddressSpace, ...given) {
  const [, , , run] = given;
  const before = run.byteCount;
  const isWhole = tryReadFrames.apply(this, given);
  if (isWhole && run.byteCount > before) {
    current.readsAtOnce += 1;
    current.readBytes += run.byteCount - before;
  }
  return isWhole;
};
AddressSpace.prototype.read = function (this: AddressSpace, ...given) {
  return waiting(read.apply(this, given), (count) => count);
};
AddressSpace.prototype.readFrames = function (this: AddressSpace, ...given) {
  const run: FrameRun = given[3];
  return waiting(readFrames.apply(this, given), () => run.byteCount);
};

/** A read that waits; `bytesOf` its answer are counted in the turn that it ends in. */
function waiting<Answer>(reading: Promise<Answer>, bytesOf: (answer: Answer) => number): Promise<Answer> {
  const traffic = current;
  traffic.readsUnderWay += 1;
  traffic.readsWaited += 1;
  return reading
    .then((answer) => {
      traffic.readBytes += bytesOf(answer);
      return answer;
    })
    .finally(() => {
      traffic.readsUnderWay -= 1;
    });
}

const { tryWrite, write, append, tryAdoptWrite } = AddressSpace.prototype;
AddressSpace.prototype.tryWrite = function (this: AddressSpace, ...given) {
  const count = tryWrite.apply(this, given);
  wrote(count, given[1].byteLength);
  return count;
};
AddressSpace.prototype.tryAdoptWrite = function (this: AddressSpace, ...given) {
  const count = tryAdoptWrite.apply(this, given);
  if (count <= 0) return count;
  current.adoptedWrites += 1;
  wrote(count, count);
  return count;
};
AddressSpace.prototype.write = function (this: AddressSpace, ...given) {
  const { byteLength } = given[1];
  return writing(write.apply(this, given), byteLength, (count) => count);
};
AddressSpace.prototype.append = function (this: AddressSpace, ...given) {
  // Not its length: whoever waits for that wants to know where the bytes are put (append-watch.ts).
  const { byteLength } = given[0];
  return writing(append.apply(this, given), byteLength, ({ byteCount }) => byteCount);
};

/** Of `length` bytes offered, `count` were acknowledged; some of the rest may have been written all the same. */
function wrote(count: number, length: number): void {
  const acknowledged = Math.max(0, count);
  if (acknowledged > 0) current.writes += 1;
  current.writtenBytes += acknowledged;
  current.unacknowledgedBytes += length - acknowledged;
}

function writing<Answer>(
  written: Promise<Answer>,
  length: number,
  bytesOf: (answer: Answer) => number,
): Promise<Answer> {
  const traffic = current;
  traffic.unacknowledgedBytes += length;
  return written.then((answer) => {
    const count = bytesOf(answer);
    if (count > 0) traffic.writes += 1;
    traffic.writtenBytes += count;
    traffic.unacknowledgedBytes -= count;
    return answer;
  });
}

/** The store as the cache sees it, deadlines and all. */
function witnessed(store: Store, traffic: CacheTraffic): Store {
  const special: Partial<Store> = {
    async write(node, offset, frames, expected, call) {
      const wanted = frames.reduce((sum, { length }) => sum + length, 0);
      traffic.storeWrites += 1;
      const answer = await noted(store.write(node, offset, frames, expected, call), traffic, "write", node, call);
      const { byteCount } = answer;
      if (byteCount > 0 && byteCount <= wanted) traffic.storeWriteBytes += byteCount;
      if (byteCount > 0 && byteCount < wanted) traffic.storeShortWrites += 1;
      return answer;
    },
    async read(node, offset, frames, call) {
      const wanted = frames.reduce((sum, { length }) => sum + length, 0);
      traffic.storeReads += 1;
      const answer = await noted(store.read(node, offset, frames, call), traffic, "read", node, call);
      if (answer.byteCount > 0 && answer.byteCount <= wanted) traffic.storeReadBytes += answer.byteCount;
      return answer;
    },
    commit: (node, call) => noted(store.commit(node, call), traffic, "commit", node, call),
    // Asked before a write is sent again at another version.
    getAttributes: (node, call) => noted(store.getAttributes(node, call), traffic, "getAttributes", node, call),
  };
  if (store.tryRead !== undefined) {
    special.tryRead = (...given) => {
      const answer = store.tryRead?.(...given);
      if (answer === undefined) return undefined;
      traffic.storeReads += 1;
      traffic.storeReadBytes += answer.byteCount;
      return answer;
    };
  }
  return new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(special, name) as unknown;
      if (own !== undefined) return own;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function noted<Answer>(
  asked: Promise<Answer>,
  traffic: CacheTraffic,
  operation: string,
  node: NodeId,
  { credential }: { readonly credential: { readonly id: string } },
): Promise<Answer> {
  try {
    return await asked;
  } catch (thrown) {
    traffic.failures.set(thrown, { operation, node, credentialId: credential.id });
    if (operation === "write") {
      traffic.storeWritesFailed += 1;
      if (thrown instanceof Failure && classify(thrown) === "local") traffic.localFailures += 1;
      if (thrown instanceof VersionConflict) traffic.versionConflicts += 1;
    }
    throw thrown;
  }
}
