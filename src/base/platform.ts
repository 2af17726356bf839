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

/** Node's byte array, as far as the inner rooms use it: programs written for node:fs expect its methods. */
interface NodeBytes {
  from(
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ): Uint8Array & { toString(encoding: string): string };
  from(text: string, encoding: string): Uint8Array;
  isEncoding(encoding: string): boolean;
  allocUnsafeSlow(byteCount: number): Uint8Array;
}

interface Platform {
  readonly Buffer?: NodeBytes;
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new () => { decode(bytes: Uint8Array): string };
  readonly ReadableStream: { from(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> };
  readonly process?: { getuid?(): number; getgid?(): number; getgroups?(): number[] };
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

/**
 * A signal that never fires and keeps no listeners, however many operations share it. No AbortSignal of the platform, so
 * it goes to nobody who needs one: `DeadlineStore` gives each store operation a signal of its own.
 */
export const neverFires: CancelSignal = {
  aborted: false,
  reason: undefined,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

/** Milliseconds on a clock that never goes back. */
export function monotonicMs(): number {
  return platform.performance.now();
}

/** The platforms' timers take no longer delay: one that is longer, or without end, would be over at once. */
const timeoutMsMax = 2 ** 31 - 1;

/** Calls back once after a delay, Infinity for never; the answer takes it back. */
export function callAfter(delayMs: number, callback: () => void): () => void {
  if (delayMs > timeoutMsMax) {
    let cancel = callAfter(timeoutMsMax, () => {
      cancel = callAfter(delayMs - timeoutMsMax, callback);
    });
    return () => cancel();
  }
  const timer = platform.setTimeout(callback, delayMs);
  return () => platform.clearTimeout(timer);
}

/** The same bytes as the array type that the platform's programs expect: Node's Buffer where there is one. */
export function programBytes(bytes: Uint8Array): Uint8Array {
  return platform.Buffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) ?? bytes;
}

/**
 * Memory with rubbish in it and an ArrayBuffer of its own. Where the platform can leave out the zeroing, memory that is
 * never used never becomes real: a fresh page of 64 KiB for a read of 4 KiB costs a tenth of the time.
 */
export function rubbishBytes(byteCount: number): Uint8Array {
  const bytes = platform.Buffer?.allocUnsafeSlow(byteCount);
  return new Uint8Array(bytes?.buffer ?? new ArrayBuffer(byteCount));
}

/** Whether `encodeText` and `decodeText` know an encoding; all platforms know "utf8". */
export function isTextEncoding(encoding: string): boolean {
  return platform.Buffer?.isEncoding(encoding) ?? /^utf-?8$/i.test(encoding);
}

export function encodeText(text: string, encoding: string): Uint8Array {
  return platform.Buffer?.from(text, encoding) ?? new platform.TextEncoder().encode(text);
}

export function decodeText(bytes: Uint8Array, encoding: string): string {
  const nodeBytes = platform.Buffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return nodeBytes?.toString(encoding) ?? new platform.TextDecoder().decode(bytes);
}

/** Who runs this program, where the platform knows users. */
export function processIdentity(): { uid: number; gid: number; groups: readonly number[] } | undefined {
  const { process } = platform;
  const uid = process?.getuid?.();
  const gid = process?.getgid?.();
  return uid === undefined || gid === undefined ? undefined : { uid, gid, groups: process?.getgroups?.() ?? [] };
}

/** A web ReadableStream of the chunks. */
export function readableStreamOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return platform.ReadableStream.from(chunks);
}
