/**
 * What the medium took and loses if it is pulled out now: changes that were answered and are not known to be durable.
 *
 *   (none) --changed--> pending --a commit that began after it ends well--> (none)
 *                          |
 *                       leave, the medium was taken out (or lose, it was already)
 *                          v
 *                        lost --takeLoss, whoever asks next for the node to be durable is told--> (none)
 *
 * Invariants
 *   I1  A node is pending exactly while its last answered change is not known to be durable.
 *   I2  What is pending is committed by itself after `delayMs`, and again after as long where that failed.
 *   I3  At most `nodesMax` nodes are here: when it `isFull`, changes are to be made durable before they are answered.
 */
import type { Clock, Milliseconds } from "../../base/index.ts";
import type { NodeId } from "../../port/index.ts";

const nodesMax = 65_536;
/** How long the last commits may take in all: names and attributes of the last second, on a medium that answers. */
const closeDeadlineMs: Milliseconds = 10_000;

export class Undurable {
  readonly #clock: Clock;
  readonly #delayMs: Milliseconds;
  readonly #commit: (node: NodeId) => Promise<void>;
  /** By node, the number of its last change. */
  readonly #pending: Map<NodeId, number> = new Map();
  readonly #lost: Set<NodeId> = new Set();
  #changeCount = 0;
  /** Ends the waiting, or the commits that go on by themselves. */
  #cancel: (() => void) | undefined;
  #closed = false;

  /** `commit` makes a node durable and says so to `becameDurable`. */
  constructor(clock: Clock, delayMs: Milliseconds, commit: (node: NodeId) => Promise<void>) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#commit = commit;
  }

  get isFull(): boolean {
    return this.#pending.size + this.#lost.size >= nodesMax;
  }

  changed(node: NodeId): void {
    this.#changeCount += 1;
    this.#pending.set(node, this.#changeCount);
    this.#commitLater();
  }

  /** A change of the node was answered by a medium that has been taken out since. */
  lose(node: NodeId): void {
    this.#lost.add(node);
  }

  /** The medium was taken out. */
  leave(): void {
    for (const node of this.#pending.keys()) this.lose(node);
    this.#pending.clear();
    // A commit that is under way may never be answered.
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Whether everything that was answered about the node is durable. */
  isDurable(node: NodeId): boolean {
    return !this.#pending.has(node) && !this.#lost.has(node);
  }

  /** To be asked when a commit begins; what it answers goes to `becameDurable` when it ends well. */
  lastChange(): number {
    return this.#changeCount;
  }

  becameDurable(node: NodeId, lastChange: number): void {
    if ((this.#pending.get(node) ?? Number.POSITIVE_INFINITY) <= lastChange) this.#pending.delete(node);
  }

  /** Whether a change of the node was lost. It is forgotten: whoever asks tells it. */
  takeLoss(node: NodeId): boolean {
    return this.#lost.delete(node);
  }

  /** Makes what is pending durable, as far as the medium answers in time, and ends what goes on by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => {
      let isOver = false;
      const end = (): void => {
        isOver = true;
        cancelTimer();
        resolve();
      };
      const cancelTimer = this.#clock.after(closeDeadlineMs, end);
      void this.#commitAll(() => isOver).then(end);
    });
  }

  #commitLater(): void {
    if (this.#closed || this.#cancel !== undefined) return;
    let isCancelled = false;
    const cancelTimer = this.#clock.after(this.#delayMs, () => {
      void this.#commitAll(() => isCancelled).then(() => {
        if (isCancelled) return;
        this.#cancel = undefined;
        if (this.#pending.size > 0) this.#commitLater();
      });
    });
    this.#cancel = () => {
      isCancelled = true;
      cancelTimer();
    };
  }

  async #commitAll(isCancelled: () => boolean): Promise<void> {
    for (const node of [...this.#pending.keys()]) {
      if (isCancelled()) return;
      // Where it fails, whoever asks for the node to be durable hears why.
      await this.#commit(node).catch(() => undefined);
    }
  }
}
