/**
 * Handing refused bytes to whoever keeps them, within a deadline: the owner of the file, who writes a copy beside it where the
 * policy for conflicts says so, or else the rescue sink. A keeping that outlasts its deadline goes on; nothing else is tried
 * while it does, and whoever asks again waits for it.
 */
import { type CancelSignal, cancelController, endedWithin, Failure, failureFrom } from "../../base/index.ts";
import type { RefusedBytes, RescueId, Version } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { appendBytes } from "../writeback/coalesce.ts";
import type { WriteSegment } from "../writeback/flight.ts";
import { OwnVersion } from "./own-version.ts";
import type { Refusal } from "./refusal.ts";

/** Where refused bytes are kept now. */
export interface Kept {
  /** The rescue entry, or the name of the copy. */
  readonly rescueId: RescueId;
  /** Of a copy: whether it is the writer's own version, or has the store's newer bytes besides the refused ones. */
  readonly copy: "own" | "mixed" | undefined;
}

/** Where the bytes were kept, or why they were not. `found` is the version that the file is at. Throws only our mistakes. */
export async function rescue(space: FilePages, refusal: Refusal, found: Version | undefined): Promise<Kept | Failure> {
  const { clock, options } = space.core;
  const deadline = cancelController();
  const isNew = refusal.rescuing === null;
  refusal.rescuing ??= keep(space, refusal, refusedBytes(space, refusal, found), deadline.signal);
  const { rescuing } = refusal;
  const ended = rescuing.then(
    () => undefined,
    () => undefined,
  );
  if (!(await endedWithin(clock, options.rescueDeadlineMs, ended))) {
    if (isNew) {
      deadline.abort();
      // One that fails in the end is begun anew by whoever asks next.
      rescuing.catch(() => {
        if (refusal.rescuing === rescuing) refusal.rescuing = null;
      });
    }
    return new Failure("ETIMEDOUT", { syscall: "rescue", detail: "the rescue did not answer" });
  }
  refusal.rescuing = null;
  try {
    return await rescuing;
  } catch (thrown) {
    return failureFrom(thrown, { syscall: "rescue" });
  }
}

async function keep(space: FilePages, refusal: Refusal, refused: RefusedBytes, signal: CancelSignal): Promise<Kept> {
  const { conflict, rescue: sink } = space.core.options;
  if (refusal.refusalClass === "conflict" && conflict === "keepBoth" && space.observer.keepBoth !== undefined) {
    try {
      const { path, isOwnVersion } = await space.observer.keepBoth(refused, new OwnVersion(space, refusal), signal);
      return { rescueId: path, copy: isOwnVersion ? "own" : "mixed" };
    } catch (thrown) {
      if (sink === null) throw thrown;
    }
  }
  if (sink === null) throw new Failure("ENOSYS", { syscall: "rescue", detail: "no rescue was set up" });
  return { rescueId: await sink.keep(refused, signal), copy: undefined };
}

/** What is handed over: the bytes as they stood when they were refused, whatever was written or cut since. */
function refusedBytes(space: FilePages, refusal: Refusal, found: Version | undefined): RefusedBytes {
  const ranges: WriteSegment[] = [];
  for (const { page, sending } of refusal.inOrder()) {
    const pageStart = page.index * space.pageSize;
    appendBytes(ranges, pageStart, sending.ranges, sending.frame, Number.POSITIVE_INFINITY);
  }
  return {
    node: space.node,
    path: space.observer.path?.() ?? space.node,
    ranges,
    credential: refusal.credential,
    failure: refusal.failure,
    refusalClass: refusal.refusalClass,
    refusedAtNs: refusal.refusedAtNs,
    baseVersion: refusal.baseVersion,
    foundVersion: found,
    fileSize: space.size as number,
  };
}
