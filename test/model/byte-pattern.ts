/**
 * Bytes that tell who wrote them: the byte that write `id` puts at an offset is ((factor x offset + id) mod 255) + 1, so a
 * byte and its offset give back the id. Zero is a byte that nobody wrote. Each file has a factor of its own, so a byte that
 * strays into another file, or to another offset, names a write that never was.
 */
const period = 255;
/** Prime to 255 each, so that neighbours differ and every shift does. */
const factors: readonly number[] = [7, 11, 13, 19, 23, 29, 31, 37, 41, 43, 47, 53];
const tableBytes = 128 * 1024;
const zeros = new Uint8Array(tableBytes);
/** From so many bytes on it is tried at once whether all are of one write. */
const longRun = 256;

/** The ids that tell writes apart: 1 to this. */
export const writeIdMax = period - 1;

export class BytePattern {
  readonly #factor: number;
  readonly #inverse: number;
  readonly #table: Uint8Array;

  private constructor(factor: number) {
    this.#factor = factor;
    this.#inverse = inverseOf(factor);
    this.#table = Uint8Array.from({ length: tableBytes + period }, (_, at) => ((at * factor) % period) + 1);
  }

  static readonly #all: readonly BytePattern[] = factors.map((factor) => new BytePattern(factor));

  /** The pattern of the file with this number. */
  static of(file: number): BytePattern {
    return BytePattern.#all[file % factors.length] as BytePattern;
  }

  /** The bytes of a write; a view that is not to be written to. */
  bytes(id: number, offset: number, length: number): Uint8Array {
    const shift = (offset + id * this.#inverse) % period;
    return this.#table.subarray(shift, shift + length);
  }

  /** Which write the byte is of; 0 for a byte nobody wrote. */
  idOf(byte: number, offset: number): number {
    if (byte === 0) return 0;
    const id = (byte - 1 - this.#factor * offset) % period;
    return id < 0 ? id + period : id;
  }

  /** How many bytes from `from` on are of the same write as the first. */
  runLength(bytes: Uint8Array, from: number, to: number): number {
    const first = bytes[from] as number;
    if (to - from > longRun && this.#isRun(first, bytes.subarray(from, to))) return to - from;
    let at = from + 1;
    if (first === 0) {
      while (at < to && bytes[at] === 0) at++;
      return at - from;
    }
    let expected = first + this.#factor;
    if (expected > period) expected -= period;
    while (at < to && bytes[at] === expected) {
      at++;
      expected += this.#factor;
      if (expected > period) expected -= period;
    }
    return at - from;
  }

  /** Whether all bytes are of the same write as the first. */
  #isRun(first: number, bytes: Uint8Array): boolean {
    const start = first === 0 ? 0 : ((first - 1) * this.#inverse) % period;
    const expected = first === 0 ? zeros : this.#table;
    return Buffer.compare(bytes, expected.subarray(start, start + bytes.length)) === 0;
  }
}

function inverseOf(factor: number): number {
  for (let candidate = 1; candidate < period; candidate++) if ((candidate * factor) % period === 1) return candidate;
  throw new RangeError(`${factor} is not prime to ${period}`);
}
