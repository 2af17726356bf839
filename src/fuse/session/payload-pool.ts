/**
 * Memory for payloads of writes that have to wait, used again and again: a writer that is held back sends one after the
 * other, and the collector is in no hurry to give a megabyte back.
 */
import type { ByteCount } from "../../base/index.ts";
import { payloadBytesMax } from "../wire/init.ts";

const spareCountMax = 16;
/** Smaller payloads are not worth keeping. */
const pooledBytesMin: ByteCount = 64 * 1024;

export class PayloadPool {
  readonly #spare: ArrayBuffer[] = [];

  /** Memory of so many bytes, with rubbish in it. */
  take(byteCount: ByteCount): Uint8Array {
    if (byteCount < pooledBytesMin) return new Uint8Array(byteCount);
    return new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(payloadBytesMax), 0, byteCount);
  }

  /** The memory is used no more, by anybody. */
  give(payload: Uint8Array): void {
    const { buffer } = payload;
    if (buffer.byteLength !== payloadBytesMax || this.#spare.length >= spareCountMax) return;
    if (buffer instanceof ArrayBuffer) this.#spare.push(buffer);
  }
}
