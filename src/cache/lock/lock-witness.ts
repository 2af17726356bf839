/**
 * Whoever looks on while locks are asked for, had and let go: nobody in production, and in tests a checker of the order in
 * docs/locking.md and of waits in a circle (after the kernel's lockdep and FreeBSD's witness).
 *
 * Words. A *task* is a chain of calls that does one thing after another; it lets go itself of what it holds. A task that is
 * *awaited* by the one that started it may ask for nothing that its starter may not ask for. One that is *set free* runs
 * whether its starter goes on or not, so what the starter holds is no concern of its own.
 */

/** Asked for to be shared or alone; what is only waited for is waited for as if to have it alone. */
export type LockMode = "shared" | "alone";

export interface LockWitness {
  /** The running task is about to wait for `what`, if somebody has it; `kind` is its name in docs/locking.md. */
  asks(kind: string, what: object, mode: LockMode): void;
  /** It waits no longer: it has it, or it gave up. */
  stopsAsking(what: object): void;
  has(kind: string, what: object, mode: LockMode): void;
  letsGo(what: object): void;
  /** Does `work` as a task of its own, which ends with the promise that it answers. */
  task<Result>(name: string, isAwaited: boolean, work: () => Result): Result;
}

/** The witness of this process. */
export let lockWitness: LockWitness | null = null;

/** Calls a witness, or sends it away with null. */
export function witnessLocks(witness: LockWitness | null): void {
  lockWitness = witness;
}

/** Work that its starter waits for, though it may outlive the starter's patience. */
export function asTask<Result>(name: string, work: () => Result): Result {
  return lockWitness === null ? work() : lockWitness.task(name, true, work);
}

/** Work that nobody waits for. */
export function asFreeTask<Result>(name: string, work: () => Result): Result {
  return lockWitness === null ? work() : lockWitness.task(name, false, work);
}

/** A wait for something that is no lock, told to the witness: `what` is that which whoever ends the wait has. */
export function witnessedWait<Value>(kind: string, what: object, waiting: Promise<Value>): Promise<Value> {
  const witness = lockWitness;
  if (witness === null) return waiting;
  witness.asks(kind, what, "alone");
  return waiting.finally(() => witness.stopsAsking(what));
}
