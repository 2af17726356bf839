/**
 * Vectored reads and writes of descriptors, without exceptions for what is ordinary there (EAGAIN, ENOENT), and a call-back
 * when a descriptor becomes readable, straight from the event loop.
 */
import koffi from "koffi";
import { assert } from "../base/index.ts";
import { lastErrno, libc } from "./libc.ts";

const readv = libc.func("readv", "intptr_t", ["int", "uintptr_t", "int"]) as (
  descriptor: number,
  vector: number,
  count: number,
) => number;
const writev = libc.func("writev", "intptr_t", ["int", "uintptr_t", "int"]) as typeof readv;
const preadv2 = libc.func("preadv2", "intptr_t", ["int", "uintptr_t", "int", "int64_t", "int"]) as (
  descriptor: number,
  vector: number,
  count: number,
  offset: number,
  flags: number,
) => number;
const fcntl = libc.func("fcntl", "int", ["int", "int", "int"]) as (
  descriptor: number,
  command: number,
  argument: number,
) => number;

/** RWF_NOWAIT. */
const withoutWaiting = 8;

/** Errors of a device that its reader and writer act upon. */
export const deviceErrno = {
  ENOENT: 2,
  EINTR: 4,
  EAGAIN: 11,
  ENODEV: 19,
  EINVAL: 22,
  ECONNABORTED: 103,
  ENOTCONN: 107,
} as const;

/**
 * An array of `struct iovec` that stays at one address. It keeps the memory it points to alive: the kernel sees addresses
 * only, and the collector sees references only.
 */
export class IoVector {
  readonly #words: BigUint64Array;
  readonly #address: number;
  readonly #pinned: (Uint8Array | undefined)[];
  #count = 0;

  constructor(countMax: number) {
    this.#words = new BigUint64Array(new ArrayBuffer(countMax * 16));
    this.#address = Number(koffi.address(this.#words));
    this.#pinned = new Array(countMax).fill(undefined);
  }

  get count(): number {
    return this.#count;
  }

  /** Empties the vector; what lies beyond the first `kept` slots is let go. */
  clear(kept = 0): void {
    for (let slot = kept; slot < this.#count; slot++) this.#pinned[slot] = undefined;
    this.#count = 0;
  }

  push(bytes: Uint8Array): void {
    this.#set(this.#count, bytes, bytes.length);
    this.#count += 1;
  }

  /** Adds the first `length` bytes; quickest when the slot pointed at the same memory before. */
  pushPrefix(bytes: Uint8Array, length: number): void {
    this.#set(this.#count, bytes, length);
    this.#count += 1;
  }

  /** Points a slot that was pushed before at other memory. */
  replace(slot: number, bytes: Uint8Array): void {
    assert(slot < this.#count, "only a slot in use is replaced");
    this.#set(slot, bytes, bytes.length);
  }

  #set(slot: number, bytes: Uint8Array, length: number): void {
    if (this.#pinned[slot] !== bytes) {
      this.#words[slot * 2] = koffi.address(bytes);
      this.#pinned[slot] = bytes;
    }
    this.#words[slot * 2 + 1] = BigInt(length);
  }

  /** Bytes read, or minus the errno. */
  readFrom(descriptor: number): number {
    const length = readv(descriptor, this.#address, this.#count);
    return length >= 0 ? length : -lastErrno();
  }

  /**
   * Bytes at `offset` that the kernel has in memory, as many from the front as it has, or minus the errno: EAGAIN when it
   * has none, EOPNOTSUPP where the file system cannot tell.
   */
  readCachedFrom(descriptor: number, offset: number): number {
    const length = preadv2(descriptor, this.#address, this.#count, offset, withoutWaiting);
    return length >= 0 ? length : -lastErrno();
  }

  /** Bytes written, or minus the errno. */
  writeTo(descriptor: number): number {
    const length = writev(descriptor, this.#address, this.#count);
    return length >= 0 ? length : -lastErrno();
  }
}

/** Ends the call-backs of `whenReadable`. */
export interface ReadableWatch {
  /** No call-backs until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Calls back, from the event loop, as long as the descriptor is readable or hung up. */
export function whenReadable(descriptor: number, callback: () => void): ReadableWatch {
  const handle = koffi.node.poll(descriptor, { readable: true, disconnect: true }, callback);
  return {
    pause: () => handle.stop(),
    resume: () => handle.start({ readable: true, disconnect: true }, callback),
    close: () => handle.close(),
  };
}

const commands = { getFlags: 3, setFlags: 4, nonBlocking: 0o4000 } as const;

/** Reads and writes of the descriptor give up with EAGAIN instead of waiting. */
export function makeNonBlocking(descriptor: number): void {
  const flags = fcntl(descriptor, commands.getFlags, 0);
  fcntl(descriptor, commands.setFlags, flags | commands.nonBlocking);
}
