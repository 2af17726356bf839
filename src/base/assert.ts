/**
 * Assertions are for our own mistakes: a broken invariant stops the operation at once, before wrong bytes travel on.
 * What the world does wrong (a full disk, a refused write) is a `Failure`, never an assertion.
 */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Throws when `condition` is false. The message names the invariant that was broken. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionFailure(`broken invariant: ${invariant}`);
}
