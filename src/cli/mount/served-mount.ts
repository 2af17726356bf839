/**
 * A mount that this process serves, from its first answer to its last.
 *
 * Words: to *drain* is to send everything dirty and have it made durable. *Left* is what could not be delivered. To *cut* a
 * drain is to wait no longer for it.
 *
 * I1  The process ends only after the volume was closed or its close was given up, and says by its exit status whether
 *     anything was left, or refused and not disposed of by a person since.
 * I2  Without `force`, a mount with undelivered bytes or open files, or whose store is gone with bytes that it took, stays
 *     mounted and goes on serving.
 * I3  One unmount is under way at a time. A request with `force` joins it, makes it go through, and may shorten it.
 * I4  An unmount takes no longer than its drain time-out, closing the volume included, and ends soon after it is cut; what
 *     is rescued then takes `closeGraceMs` more at most.
 * I5  Nothing is served without a mount: where it has gone meanwhile, the volume is closed instead.
 *
 *   serving --unmount (#begin)-----> draining --busy, undelivered, failed (#backToServing)--> serving
 *      |                                +-----gone (#closeVolume)-----------------> ended
 *      +-- gone from outside: draining (#unmountedFromOutside) -- closed (#closeVolume) --^
 */
import { Failure, failureFrom } from "../../base/index.ts";
import type { Volume, WritebackFailed } from "../../files/index.ts";
import type { Mount } from "../../fuse/index.ts";
import { superuser } from "../../port/index.ts";
import type { Rescue } from "../../rescue/index.ts";
import type { ControlAnswer, MountStatus } from "../control/protocol.ts";
import type { Log, LogFields } from "../log.ts";
import { refusalLines } from "../refusal-text.ts";
import { describeRefusal, dirtyFilesOf, openFilesOf, refusalsOf, statusOf } from "./describe-mount.ts";
import { drain } from "./drain.ts";
import { UnmountAttempt } from "./unmount-attempt.ts";

const namesMax = 5;
const shownRefusalsMax = 20;
/** A volume whose deadline has passed still rescues what it could not deliver, and says what was left. */
const closeGraceMs = 12_000;
/** The exit status hangs on what became of refused bytes, so the disk of the rescue is given some time. */
const lookMsMax = 10_000;

export interface UnmountRequest {
  readonly force: boolean;
  /** For the drain and the closing of the volume together. */
  readonly drainTimeoutMs: number;
  readonly progress: (dirtyBytes: number) => void;
}

export interface ServedMountParts {
  readonly volume: Volume;
  readonly mount: Mount;
  readonly log: Log;
  readonly url: string;
  readonly directory: string;
  /** Where the volume keeps refused bytes. */
  readonly rescue: Rescue;
  readonly drainTimeoutMs: number;
}

export class ServedMount {
  /** The exit status: 0 when every byte was taken by the store, if not at once. */
  readonly ended: Promise<number>;
  readonly #parts: ServedMountParts;
  readonly #mountedAtMs: number = Date.now();
  #state: "serving" | "draining" | "ended" = "serving";
  /** How often bytes that the store had taken may not have become durable. */
  #uncertainCount = 0;
  /** How often that was so of a file that is no longer at the store. */
  #removedCount = 0;
  #mountFailure: Failure | undefined;
  /** Whether the mount has gone, by us or from outside. */
  #gone = false;
  /** What is under way while draining. */
  #attempt: UnmountAttempt | undefined;
  #end: (status: number) => void = () => {};

  constructor(parts: ServedMountParts) {
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    parts.volume.events.on("writebackFailed", (event) => this.#writebackFailed(event));
    parts.volume.events.on("rescued", (event) => parts.log.info("refused bytes are kept now", this.#fieldsOf(event)));
    void parts.mount.ended
      .catch((thrown: unknown) => {
        this.#mountFailure = failureFrom(thrown);
        parts.log.error("the mount failed", { why: this.#mountFailure.message });
      })
      .then(() => {
        this.#gone = true;
        this.#unmountedFromOutside();
      });
  }

  #writebackFailed(failed: WritebackFailed): void {
    const { code } = failed.failure;
    if (failed.outcome === "uncertain") {
      if (code === "ENOENT" || code === "ESTALE") this.#removedCount += 1;
      else this.#uncertainCount += 1;
    }
    const what = failed.operation === "write" ? "bytes could not be written back" : "bytes could not be made durable";
    this.#parts.log.error(what, this.#fieldsOf(failed));
  }

  status(): Promise<MountStatus> {
    const { volume, mount, rescue, url, directory } = this.#parts;
    const state = this.#state === "serving" ? "serving" : "draining";
    return statusOf(volume, mount, rescue, { url, directory, state, mountedAtMs: this.#mountedAtMs });
  }

  /** Drains and unmounts. With `force` the mount goes whatever is open or undelivered. */
  unmount(request: UnmountRequest): Promise<ControlAnswer> {
    const attempt = this.#attempt;
    if (attempt === undefined && this.#state === "serving") return this.#begin(request);
    if (attempt === undefined || !request.force) {
      return Promise.resolve({ kind: "error", message: "an unmount is under way already" });
    }
    attempt.join(request);
    return attempt.answer;
  }

  /** Has what is under way wait no longer; false when nothing is. */
  cutShort(): boolean {
    this.#attempt?.cut();
    return this.#attempt !== undefined;
  }

  #begin(request: UnmountRequest): Promise<ControlAnswer> {
    return this.#attemptTo(request, (attempt) => this.#drainAndUnmount(attempt));
  }

  /** Whatever becomes of the attempt, afterwards the mount is served again or has ended. */
  #attemptTo(
    request: UnmountRequest,
    work: (attempt: UnmountAttempt) => Promise<ControlAnswer>,
  ): Promise<ControlAnswer> {
    this.#state = "draining";
    const attempt = new UnmountAttempt(request);
    this.#attempt = attempt;
    attempt.answer = work(attempt).finally(() => {
      attempt.end();
      this.#attempt = undefined;
      if (this.#state === "draining") this.#backToServing();
    });
    return attempt.answer;
  }

  #backToServing(): void {
    this.#state = "serving";
    if (this.#gone) this.#unmountedFromOutside();
  }

  async #drainAndUnmount(attempt: UnmountAttempt): Promise<ControlAnswer> {
    const { volume, log } = this.#parts;
    const options = { signal: attempt.signal, progress: (dirtyBytes: number) => attempt.progress(dirtyBytes) };
    const undelivered = await drain(volume, { ...options, timeoutMs: attempt.remainingMs });
    const failure = undelivered ?? (await this.#storeGone(attempt));
    if (failure !== undefined) {
      const dirtyFiles = dirtyFilesOf(volume);
      log.error("the drain failed", { code: failure.code, why: failure.message, dirtyFiles: dirtyFiles.length });
      if (!attempt.isForced && !this.#gone) return { kind: "undelivered", message: failure.message, dirtyFiles };
    }
    log.debug("drained; unmounting");
    if (!(await this.#takeAway(attempt))) return { kind: "busy", openFiles: openFilesOf(volume) };
    log.debug("the kernel has let go; closing the volume");
    return this.#closeVolume(attempt);
  }

  /**
   * Why the store as a whole is gone, with bytes that it took; undefined else. A file that another client removed after the
   * store had taken every byte leaves nothing to deliver, but a store that is gone took them along. Nothing is asked of a
   * store where no file has gone: it may hang, and that is no reason to stay.
   */
  async #storeGone(attempt: UnmountAttempt): Promise<Failure | undefined> {
    if (this.#removedCount === 0) return undefined;
    const { volume } = this.#parts;
    try {
      await volume.statistics(volume.root, { credential: superuser, signal: attempt.signal });
      return undefined;
    } catch (thrown) {
      const failure = failureFrom(thrown);
      return failure.code === "ESTALE" || failure.code === "ENOENT" ? failure : undefined;
    }
  }

  /** Unmounts in the kernel; false when the mount is busy and nobody asked for `force`. */
  async #takeAway(attempt: UnmountAttempt): Promise<boolean> {
    const { mount, log, volume } = this.#parts;
    if (this.#gone) return true;
    try {
      await this.#unmountInTime(attempt, mount.unmount());
      return true;
    } catch (thrown) {
      const failure = failureFrom(thrown);
      if (this.#gone) return true;
      if (failure.code !== "EBUSY") log.warn("the kernel did not unmount", { why: failure.message });
      if (!attempt.isForced) {
        if (failure.code === "EBUSY") return false;
        throw failure;
      }
      for (const file of openFilesOf(volume))
        log.warn("still open", { path: file.path, pid: file.processId, uid: file.uid });
      await this.#unmountInTime(attempt, mount.unmount({ force: true }));
      return true;
    }
  }

  /** What the kernel has let go of, the mount gives back at the store, which may hang: that does not hold a cut attempt. */
  async #unmountInTime(attempt: UnmountAttempt, unmount: Promise<void>): Promise<void> {
    if (await attempt.endsInTime(unmount)) return;
    this.#parts.log.warn("what was open could not be given back in time");
  }

  #unmountedFromOutside(): void {
    if (this.#state !== "serving") return;
    const { log, drainTimeoutMs } = this.#parts;
    log.info("unmounted from outside; draining");
    const request = { force: true, drainTimeoutMs, progress: () => {} };
    void this.#attemptTo(request, (attempt) => this.#closeVolume(attempt));
  }

  /** Closes the volume in the time that is left; answers with what was left or refused, and ends. */
  async #closeVolume(attempt: UnmountAttempt): Promise<ControlAnswer> {
    const { volume, log, rescue } = this.#parts;
    const left: string[] = [];
    const gone = await this.#storeGone(attempt);
    try {
      const close = volume.close({ deadlineMs: attempt.remainingMs });
      if (!(await attempt.endsInTime(close, closeGraceMs))) throw this.#cutFailure();
    } catch (thrown) {
      const failure = failureFrom(thrown);
      left.push(failure.message);
      log.error("bytes were left undelivered", { code: failure.code, why: failure.message });
    }
    if (this.#mountFailure !== undefined) left.push(this.#mountFailure.message);
    if (this.#uncertainCount > 0)
      left.push("bytes that the store took may not be durable, as was told to their writers");
    if (gone !== undefined) left.push(`the store is gone, and bytes that it took may be, too: ${gone.message}`);
    const refused = await refusalsOf(volume, rescue, lookMsMax);
    this.#state = "ended";
    for (const line of refusalLines(refused, shownRefusalsMax)) log.error(line);
    log.info("unmounted", { refused: refused.refusalCount, standing: refused.standingCount });
    this.#end(left.length === 0 && refused.standingCount === 0 ? 0 : 1);
    return { kind: "unmounted", left, ...refused };
  }

  #cutFailure(): Failure {
    const dirtyFiles = dirtyFilesOf(this.#parts.volume);
    const names = dirtyFiles.slice(0, namesMax).map((file) => file.path);
    if (dirtyFiles.length > names.length) names.push(`${dirtyFiles.length - names.length} more`);
    const left = names.length === 0 ? "what was sent may not be durable" : `not delivered: ${names.join(", ")}`;
    return new Failure("ETIMEDOUT", { syscall: "close", detail: `the drain was cut short; ${left}` });
  }

  /** A failed write-back as fields of a log line: enough to find the file at the store when its name has gone. */
  #fieldsOf(failed: WritebackFailed): LogFields {
    const { path, ranges, rangeCount, credential, code, why, ...told } = describeRefusal(failed);
    const { kind, mode, inode } = failed.node.attributes;
    const bytes = ranges.map(({ start, end }) => `${start}-${end}`).join(",");
    return {
      path,
      kind,
      mode: mode.toString(8).padStart(4, "0"),
      inode,
      store: this.#parts.url,
      bytes: rangeCount > ranges.length ? `${bytes},...` : bytes,
      credential,
      code,
      class: told.class,
      outcome: told.outcome,
      rescue: told.rescueId ?? undefined,
      why: failed.rescueFailure === undefined ? why : `${why}; ${failed.rescueFailure.message}`,
    };
  }
}
