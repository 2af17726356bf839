/** Tasks as the checker of the lock order sees them: what each has, what it waits for, and for whom it does its work. */
import type { LockMode } from "../../../src/cache/lock/lock-witness.ts";

/** Something that a task has, or waits for. */
export interface Claim {
  readonly task: Task;
  readonly kind: string;
  readonly what: object;
  readonly mode: LockMode;
  /** Claims and tasks are numbered in the order in which they came about. */
  readonly serial: number;
  /** Where it was claimed, when stacks are kept. */
  readonly at: Error | undefined;
}

/**
 * Invariant. A task whose `awaitedBy` is set was started by that one, which waits for it while it holds what it had then:
 * so such holds count as the task's own.
 */
export class Task {
  readonly name: string;
  readonly serial: number;
  readonly awaitedBy: Task | undefined;
  readonly holds: Set<Claim> = new Set();
  readonly asks: Set<Claim> = new Set();
  readonly started: Set<Task> = new Set();

  constructor(name: string, serial: number, awaitedBy: Task | undefined) {
    this.name = name;
    this.serial = serial;
    this.awaitedBy = awaitedBy;
    awaitedBy?.started.add(this);
  }

  end(): void {
    this.awaitedBy?.started.delete(this);
  }

  /** As in "write-back pass of alice". */
  get fullName(): string {
    return this.awaitedBy === undefined ? this.name : `${this.name} of ${this.awaitedBy.fullName}`;
  }

  /** What it has, and what those have that wait for it. */
  *burden(): Iterable<Claim> {
    yield* this.holds;
    let since = this.serial;
    for (let above = this.awaitedBy; above !== undefined; above = above.awaitedBy) {
      for (const hold of above.holds) if (hold.serial < since) yield hold;
      since = above.serial;
    }
  }

  /** What keeps it from letting go of a hold: what it waits for, and what those wait for that it started since. */
  *waitsSince(hold: Claim): Iterable<Claim> {
    yield* this.asks;
    for (const child of this.started) if (child.serial > hold.serial) yield* child.waitsSince(hold);
  }
}
