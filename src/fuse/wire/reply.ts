/**
 * The answer to a request, put together in one piece of memory that all answers share: it is sent in the turn that wrote it.
 *
 * struct fuse_out_header (16 bytes): 0 len u32   4 error i32 (minus errno, or 0)   8 unique u64
 */
export const replyHeaderBytes = 16;
/** Room for the largest fixed answer, and for a directory's worth of entries. */
const capacityBytes = replyHeaderBytes + 128 * 1024;

export class Reply {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor() {
    const memory = new ArrayBuffer(capacityBytes);
    this.bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
  }

  /** Writes the header of an answer with so many bytes behind it. */
  header(unique: number, error: number, bodyBytes: number): void {
    this.#view.setUint32(0, replyHeaderBytes + bodyBytes, true);
    this.#view.setInt32(4, -error, true);
    this.#wide(8, unique);
  }

  u16(at: number, value: number): void {
    this.#view.setUint16(replyHeaderBytes + at, value, true);
  }

  u32(at: number, value: number): void {
    this.#view.setUint32(replyHeaderBytes + at, value, true);
  }

  u64(at: number, value: number): void {
    this.#wide(replyHeaderBytes + at, value);
  }

  i64(at: number, value: bigint): void {
    this.#view.setBigInt64(replyHeaderBytes + at, value, true);
  }

  zero(at: number, byteCount: number): void {
    this.bytes.fill(0, replyHeaderBytes + at, replyHeaderBytes + at + byteCount);
  }

  put(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, replyHeaderBytes + at);
  }

  #wide(at: number, value: number): void {
    const low = value >>> 0;
    this.#view.setUint32(at, low, true);
    this.#view.setUint32(at + 4, (value - low) / 0x1_0000_0000, true);
  }
}
