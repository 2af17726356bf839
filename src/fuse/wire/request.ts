/**
 * A request as it lies in memory, with its header. One object serves all requests, one after the other: whoever goes on
 * after an `await` takes what is needed out of it first.
 *
 * struct fuse_in_header (40 bytes):
 *    0 len u32        4 opcode u32    8 unique u64    16 nodeid u64
 *   24 uid u32       28 gid u32      32 pid u32       36 total_extlen u16 (units of 8 bytes)   38 padding u16
 *
 * The payload of a WRITE may lie elsewhere, in frames (`payload`); everything else is contiguous in `bytes`.
 */
import { assert, decodeFileName } from "../../base/index.ts";
import { opcodeRow, opcodes } from "./opcode.ts";

export const headerBytes = 40;
/** The header and fuse_write_in: where the payload of a WRITE begins. */
export const writeHeadBytes = 80;

const offsetMax = Number.MAX_SAFE_INTEGER;

/** Why a packet is refused. */
export type Malformation =
  | "shorter than a header"
  | "length in the header differs from the length read"
  | "body shorter than the opcode's fields"
  | "name missing, empty, unterminated or with a slash"
  | "extension longer than the packet"
  | "payload shorter than announced";

export class Request {
  /** Contiguous memory; what lies behind `length` is old. */
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  #view: DataView = viewOf(this.bytes);
  /** The whole packet, the payload of a WRITE included. */
  length = 0;
  /** The payload of a WRITE when it lies in frames: they are filled one after the other. */
  frames: Uint8Array[] | undefined = undefined;

  /** Makes sure that `bytes` can hold a packet; its first `kept` bytes stay. */
  reserve(byteCount: number, kept: number): void {
    if (this.bytes.length >= byteCount) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(byteCount, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, kept);
    this.bytes = larger;
    this.#view = viewOf(larger);
  }

  /** Takes a whole packet from contiguous memory. */
  load(packet: Uint8Array): void {
    this.reserve(packet.length, 0);
    this.bytes.set(packet, 0);
    this.length = packet.length;
    this.frames = undefined;
  }

  get opcode(): number {
    return this.#view.getUint32(4, true);
  }

  /** Names the request until its answer; even for requests, odd for interrupts in flight. */
  get unique(): number {
    return this.wide(8);
  }

  get nodeNumber(): number {
    return this.wide(16);
  }

  get uid(): number {
    return this.#view.getUint32(24, true);
  }

  get gid(): number {
    return this.#view.getUint32(28, true);
  }

  get processId(): number {
    return this.#view.getUint32(32, true);
  }

  /** Bytes of extensions at the end of the packet. */
  get extensionBytes(): number {
    return this.#view.getUint16(36, true) * 8;
  }

  /** Bytes between the header and the extensions. */
  get bodyBytes(): number {
    return this.length - headerBytes - this.extensionBytes;
  }

  u16(at: number): number {
    return this.#view.getUint16(headerBytes + at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(headerBytes + at, true);
  }

  /** A 64-bit field as a number; one that a double cannot count exactly comes out above `offsetMax`. */
  u64(at: number): number {
    return this.wide(headerBytes + at);
  }

  /** A signed 64-bit field in full. */
  i64(at: number): bigint {
    return this.#view.getBigInt64(headerBytes + at, true);
  }

  private wide(at: number): number {
    const high = this.#view.getUint32(at + 4, true);
    const low = this.#view.getUint32(at, true);
    return high === 0 ? low : high * 0x1_0000_0000 + low;
  }

  /** The NUL-terminated string that starts at `at` of the body. */
  name(at: number): string {
    const start = headerBytes + at;
    const bytes = this.bytes;
    let end = start;
    let seen = 0;
    for (let byte = bytes[end] as number; byte !== 0; byte = bytes[end] as number) {
      seen |= byte;
      end += 1;
    }
    return seen < 0x80 ? bytes.toString("latin1", start, end) : decodeFileName(bytes.subarray(start, end));
  }

  /** Where the string behind the one at `at` starts. */
  afterName(at: number): number {
    return this.bytes.indexOf(0, headerBytes + at) + 1 - headerBytes;
  }

  /** A copy of a range of the body. */
  copyOf(at: number, byteCount: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes, headerBytes + at, headerBytes + at + byteCount);
  }

  /** What is wrong with the packet, or undefined; `frames` must be in place. A name too long is left to the dispatcher. */
  malformation(): Malformation | undefined {
    if (this.length < headerBytes) return "shorter than a header";
    if (this.#view.getUint32(0, true) !== this.length) return "length in the header differs from the length read";
    if (this.bodyBytes < 0) return "extension longer than the packet";
    const row = opcodeRow(this.opcode);
    if (row === undefined) return undefined;
    if (this.bodyBytes < row.bodyBytesMin) return "body shorter than the opcode's fields";
    if (row.nameCount > 0 && !this.#namesAreSound(row.bodyBytesMin, row.nameCount)) {
      return "name missing, empty, unterminated or with a slash";
    }
    return this.opcode === opcodes.WRITE && this.bodyBytes < 40 + this.u32(16)
      ? "payload shorter than announced"
      : undefined;
  }

  #namesAreSound(at: number, count: number): boolean {
    const end = this.length - this.extensionBytes;
    let start = headerBytes + at;
    for (let index = 0; index < count; index++) {
      const nul = this.bytes.indexOf(0, start);
      if (nul < 0 || nul >= end || nul === start) return false;
      const isTarget = this.opcode === opcodes.SYMLINK && index === 1;
      const isAttribute = this.opcode >= opcodes.SETXATTR && this.opcode <= opcodes.REMOVEXATTR;
      if (!isTarget && !isAttribute && this.#hasSlash(start, nul)) return false;
      start = nul + 1;
    }
    return true;
  }

  #hasSlash(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.bytes[at] === 0x2f) return true;
    return false;
  }
}

function viewOf(bytes: Buffer): DataView {
  assert(bytes.byteLength > headerBytes, "a request buffer holds more than a header");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a 64-bit position or length can be counted exactly. */
export function isCountable(value: number): boolean {
  return value <= offsetMax;
}
