/**
 * The little that the inner rooms use of the platform: the parts of the web standards that Node, Deno, Bun and browsers
 * all have. The rooms compile without any platform's types, so these few are described here.
 */

/** A standard AbortSignal, as far as the inner rooms use it. At run time it is the platform's own. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A standard AbortController. */
export interface CancelController {
  readonly signal: CancelSignal;
  abort(reason?: unknown): void;
}

interface Platform {
  readonly AbortController: new () => CancelController;
  readonly performance: { now(): number };
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

const platform = globalThis as unknown as Platform;

/** A new AbortController of the platform. */
export function cancelController(): CancelController {
  return new platform.AbortController();
}

/** Milliseconds on a clock that never goes back. */
export function monotonicMs(): number {
  return platform.performance.now();
}

/** Calls back once after a delay; the answer takes it back. */
export function callAfter(delayMs: number, callback: () => void): () => void {
  const timer = platform.setTimeout(callback, delayMs);
  return () => platform.clearTimeout(timer);
}
