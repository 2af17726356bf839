/**
 * A mount that this process serves, from its first answer to its last.
 *
 * Words: to *drain* is to send everything dirty and have it made durable. *Left* is what could not be delivered.
 *
 * I1  The process ends only after the volume was closed, and says by its exit status whether anything was refused or left.
 * I2  Without `force`, a mount with undelivered bytes or open files stays mounted and goes on serving.
 * I3  One unmount is under way at a time.
 *
 *   serving --unmount--> draining --busy or undelivered--> serving
 *      |                     +-----gone------------------> ended
 *      +-- unmounted from outside: ended --------------------^
 */
import { type Failure, failureFrom } from "../../base/index.ts";
import type { Volume, WritebackFailed } from "../../files/index.ts";
import type { Mount } from "../../fuse/index.ts";
import type { ControlAnswer, MountStatus } from "../control/protocol.ts";
import type { Log } from "../log.ts";
import { dirtyFilesOf, openFilesOf, statusOf } from "./describe-mount.ts";
import { drain } from "./drain.ts";

export interface UnmountRequest {
  readonly force: boolean;
  readonly drainTimeoutMs: number;
  /** Fires when the drain is to be cut short. */
  readonly signal: AbortSignal;
  readonly progress: (dirtyBytes: number) => void;
}

export interface ServedMountParts {
  readonly volume: Volume;
  readonly mount: Mount;
  readonly log: Log;
  readonly url: string;
  readonly directory: string;
  readonly drainTimeoutMs: number;
}

export class ServedMount {
  /** The exit status: 0 when every byte was taken by the store. */
  readonly ended: Promise<number>;
  readonly #parts: ServedMountParts;
  readonly #mountedAtMs: number = Date.now();
  #state: "serving" | "draining" | "ended" = "serving";
  #refusedCount = 0;
  #end: (status: number) => void = () => {};

  constructor(parts: ServedMountParts) {
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    parts.volume.events.on("writebackFailed", (event) => this.#writebackFailed(event));
    void parts.mount.ended.then(
      () => this.#unmountedFromOutside(),
      (thrown: unknown) => {
        parts.log.error("the mount failed", { why: failureFrom(thrown).message });
        this.#refusedCount += 1;
        return this.#unmountedFromOutside();
      },
    );
  }

  #writebackFailed({ node, start, end, credentialId: credential, operation, failure }: WritebackFailed): void {
    const { code, message: why } = failure;
    // A file that another client removed after it had taken every byte leaves nothing to deliver.
    const isOfNoConsequence = operation === "commit" && (code === "ENOENT" || code === "ESTALE");
    if (!isOfNoConsequence) this.#refusedCount += 1;
    const what = operation === "write" ? "bytes could not be written back" : "bytes could not be made durable";
    this.#parts.log.error(what, { path: node.path, node: node.number, start, end, credential, code, why });
  }

  status(): MountStatus {
    const { volume, mount, url, directory } = this.#parts;
    const state = this.#state === "serving" ? "serving" : "draining";
    return statusOf(volume, mount, { url, directory, state, mountedAtMs: this.#mountedAtMs });
  }

  /** Drains and unmounts. With `force` the mount goes whatever is open or undelivered. */
  async unmount(request: UnmountRequest): Promise<ControlAnswer> {
    if (this.#state !== "serving") return { kind: "error", message: "an unmount is under way already" };
    this.#state = "draining";
    const { volume, log } = this.#parts;
    const failure = await drain(volume, {
      timeoutMs: request.drainTimeoutMs,
      signal: request.signal,
      progress: request.progress,
    });
    if (failure !== undefined) {
      const dirtyFiles = dirtyFilesOf(volume);
      log.error("the drain failed", { code: failure.code, why: failure.message, dirtyFiles: dirtyFiles.length });
      if (!request.force) {
        this.#state = "serving";
        return { kind: "undelivered", message: failure.message, dirtyFiles };
      }
    }
    log.debug("drained; unmounting");
    if (!(await this.#takeAway(request.force))) {
      this.#state = "serving";
      return { kind: "busy", openFiles: openFilesOf(volume) };
    }
    log.debug("the kernel has let go; closing the volume");
    const left = await this.#closeVolume(request.drainTimeoutMs);
    return { kind: "unmounted", left };
  }

  /** Unmounts in the kernel; false when the mount is busy and `force` was not asked for. */
  async #takeAway(force: boolean): Promise<boolean> {
    const { mount, log, volume } = this.#parts;
    try {
      await mount.unmount();
      return true;
    } catch (thrown) {
      const failure = failureFrom(thrown);
      if (failure.code !== "EBUSY") log.warn("the kernel did not unmount", { why: failure.message });
      if (!force) return this.#notBusy(failure);
      for (const file of openFilesOf(volume))
        log.warn("still open", { path: file.path, pid: file.processId, uid: file.uid });
      await mount.unmount({ force: true });
      return true;
    }
  }

  #notBusy(failure: Failure): false {
    if (failure.code === "EBUSY") return false;
    this.#state = "serving";
    throw failure;
  }

  async #unmountedFromOutside(): Promise<void> {
    if (this.#state !== "serving") return;
    this.#state = "draining";
    this.#parts.log.info("unmounted from outside; draining");
    await this.#closeVolume(this.#parts.drainTimeoutMs);
  }

  /** Closes the volume; answers with what was left, and ends. */
  async #closeVolume(timeoutMs: number): Promise<string[]> {
    const { volume, log } = this.#parts;
    const left: string[] = [];
    try {
      await volume.close({ deadlineMs: timeoutMs });
    } catch (thrown) {
      const failure = failureFrom(thrown);
      left.push(failure.message);
      log.error("bytes were left undelivered", { code: failure.code, why: failure.message });
    }
    this.#state = "ended";
    log.info("unmounted", { refused: this.#refusedCount });
    this.#end(left.length === 0 && this.#refusedCount === 0 ? 0 : 1);
    return left;
  }
}
