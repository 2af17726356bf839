/**
 * The flusher: write-back that nobody waits for. It wakes every 5 s for what has been dirty for 30 s, and at once when dirty
 * memory passes the background limit or memory is short.
 *
 * Words. A *round* offers every dirty file one pass, in turn as passes end; a file whose pass is still running is left alone,
 * so a file that hangs holds only itself. A file that failed is left alone until its time to retry has come. Refused bytes
 * that could not be rescued are offered to the rescue again.
 *
 * Invariants. I1 The timer runs exactly while some file has bytes to send or to rescue. I2 At most one pass of the flusher per file, and at
 * most `passesMax` at once.
 *
 *   idle --- becameDirty ---> waiting --- timer, wake ---> round --- nothing dirty ---> idle
 *                               ^                            |
 *                               +------- still dirty --------+
 */
import type { CancelTimer, Clock, Milliseconds } from "../../base/index.ts";
import { asFreeTask } from "../lock/lock-witness.ts";
import { isRescueDue } from "../refusal/settle.ts";
import type { FilePages } from "../space/file-pages.ts";
import { type WritebackControl, type WritebackReason, writeSome } from "./control.ts";
import type { DirtyLedger } from "./dirty-ledger.ts";
import { writebackPass } from "./pass.ts";

/** How the flusher is set: the kernel's dirty_writeback_centisecs and dirty_expire_centisecs. */
export interface FlusherOptions {
  readonly periodMs: number;
  readonly expireMs: number;
  readonly backgroundBytes: number;
}

const passesMax = 8;
/** One pass sends about so much before other files have their turn. */
const passBytes = 32 * 1024 * 1024;

export class Flusher {
  readonly #clock: Clock;
  readonly #ledger: DirtyLedger;
  readonly #options: FlusherOptions;

  /** Files with dirty bytes, the one that waited longest first. */
  readonly #dirty: Set<FilePages> = new Set();
  readonly #running: Set<FilePages> = new Set();
  #cancelTimer: CancelTimer | null = null;
  #wanted: WritebackReason | null = null;
  /** The round: why, the files it comes to next, and how many of them there were when it began. */
  #reason: WritebackReason = "periodic";
  #files: Iterator<FilePages> = this.#dirty.values();
  #filesLeft = 0;
  #closed = false;

  constructor(clock: Clock, ledger: DirtyLedger, options: FlusherOptions) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#options = options;
  }

  /** Files that have bytes the store has not accepted, or a rescue to try again. */
  get dirtySpaces(): ReadonlySet<FilePages> {
    return this.#dirty;
  }

  becameDirty(space: FilePages): void {
    this.#dirty.add(space);
    this.#arm();
  }

  becameClean(space: FilePages): void {
    this.#dirty.delete(space);
    if (this.#dirty.size === 0) this.#disarm();
  }

  /** Asks for a round soon; asking again before it began changes nothing. */
  wake(reason: WritebackReason): void {
    if (this.#wanted !== null || this.#closed) return;
    this.#wanted = reason;
    void Promise.resolve().then(() => {
      this.#wanted = null;
      this.#round(reason);
    });
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  #arm(): void {
    if (this.#cancelTimer !== null || this.#closed) return;
    this.#cancelTimer = this.#clock.after(this.#options.periodMs, () => {
      this.#cancelTimer = null;
      this.#round(this.#overBackground ? "background" : "periodic");
      if (this.#dirty.size > 0) this.#arm();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  get #overBackground(): boolean {
    return this.#ledger.heldBytes > this.#options.backgroundBytes;
  }

  #round(reason: WritebackReason): void {
    this.#reason = reason;
    this.#files = this.#dirty.values();
    this.#filesLeft = this.#dirty.size;
    this.#goOn();
  }

  /** Begins as many passes of the round as may run at once; the end of each one comes back here for the rest. */
  #goOn(): void {
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    const before = this.#reason === "periodic" ? nowMs - this.#options.expireMs : Number.POSITIVE_INFINITY;
    for (; this.#filesLeft > 0 && this.#running.size < passesMax; this.#filesLeft -= 1) {
      const next = this.#files.next();
      if (next.done === true) {
        this.#filesLeft = 0;
        return;
      }
      const space = next.value;
      if (this.#running.has(space) || !isDue(space, nowMs)) continue;
      // The file queues again behind the others, for the next round.
      this.#dirty.delete(space);
      this.#dirty.add(space);
      const control = writeSome(this.#reason, passBytes, before);
      void asFreeTask("flusher", () => this.#pass(space, control));
    }
  }

  async #pass(space: FilePages, control: WritebackControl): Promise<void> {
    this.#running.add(space);
    const result = await writebackPass(space, control);
    this.#running.delete(space);
    this.#goOn();
    const progressed = result.byteCount > 0 && result.failure === undefined;
    if (!progressed) return;
    if (this.#overBackground) this.wake("background");
    else if (result.byteCount >= passBytes) this.wake(control.reason);
  }
}

function isDue(space: FilePages, nowMs: Milliseconds): boolean {
  return (space.hasDirtyPages && space.retryAtMs <= nowMs) || isRescueDue(space);
}
