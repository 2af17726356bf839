/**
 * A file as the model has it: what it was made of, in the order in which it was done to it. Bytes that are refused leave, and
 * with them what lies beneath them and was never sent; what the store has there shows again, or nothing, if they had made
 * the file longer.
 */

/** Bytes that were refused: where, and what they were. */
export interface RefusedRange {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What leaves because it was refused. */
export interface Excision {
  readonly ranges: readonly RefusedRange[];
  /** Whether the store has ever taken this byte. */
  readonly isAccepted: (offset: number, value: number) => boolean;
  readonly toldAt: number;
}

/** Bytes that were put into the file, of which some may have gone; or its being cut or extended to a size. */
type Deed =
  | { readonly position: number; readonly bytes: Uint8Array; readonly gone: Set<number> }
  | { readonly resizedTo: number };

/** The end of the file went back: from where, and when that was told at the latest. */
interface WindBack {
  readonly from: number;
  readonly toldAt: number;
}

/** A state does not change; what is done to it answers another. */
export class FileState {
  readonly size: number;
  readonly #deeds: readonly Deed[];
  readonly #windBack: WindBack | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(size: number, deeds: readonly Deed[], windBack: WindBack | undefined) {
    this.size = size;
    this.#deeds = deeds;
    this.#windBack = windBack;
  }

  static of(bytes: Uint8Array): FileState {
    return new FileState(bytes.length, [{ position: 0, bytes, gone: new Set() }], undefined);
  }

  /** What a program reads. */
  get bytes(): Uint8Array {
    this.#bytes ??= this.#compose();
    return this.#bytes;
  }

  write(position: number, bytes: Uint8Array): FileState {
    const size = Math.max(this.size, position + bytes.length);
    return new FileState(size, [...this.#deeds, { position, bytes, gone: new Set() }], this.#windBack);
  }

  /** An append goes to the end; one that had begun when the end went back goes on where it began (S0.10). */
  append(position: number, bytes: Uint8Array, beganAt: number): FileState | undefined {
    const hadBegun = position === this.#windBack?.from && beganAt < this.#windBack.toldAt;
    return position === this.size || hadBegun ? this.write(position, bytes) : undefined;
  }

  resize(size: number): FileState {
    return new FileState(size, [...this.#deeds, { resizedTo: size }], this.#windBack);
  }

  /** Another client put these bytes under everything that is only here. */
  replaceBase(bytes: Uint8Array): FileState {
    const size = Math.max(this.size, bytes.length);
    return new FileState(size, [{ position: 0, bytes, gone: new Set() }, ...this.#deeds.slice(1)], this.#windBack);
  }

  /** The refused bytes leave; the size winds back if they are what had moved it (S0.10). */
  excise({ ranges, isAccepted, toldAt }: Excision): FileState {
    const deeds = this.#deeds.map((deed) => ("bytes" in deed ? { ...deed, gone: new Set(deed.gone) } : deed));
    for (const { start, bytes } of ranges) {
      for (const [at, value] of bytes.entries()) exciseByte(deeds, start + at, value, isAccepted);
    }
    const end = Math.max(0, ...ranges.map(({ start, bytes }) => start + bytes.length));
    if (end !== this.size) return new FileState(this.size, deeds, this.#windBack);
    return new FileState(extentOf(deeds), deeds, { from: this.size, toldAt });
  }

  #compose(): Uint8Array {
    const ends = this.#deeds.map((deed) => ("bytes" in deed ? deed.position + deed.bytes.length : deed.resizedTo));
    const composed = new Uint8Array(Math.max(this.size, ...ends));
    for (const deed of this.#deeds) {
      if ("resizedTo" in deed) composed.fill(0, deed.resizedTo);
      else if (deed.gone.size === 0) composed.set(deed.bytes, deed.position);
      else for (const [at, value] of deed.bytes.entries()) if (!deed.gone.has(at)) composed[deed.position + at] = value;
    }
    return composed.slice(0, this.size);
  }
}

/** Each write of a race has a value of its own, so the value says which of the deeds was refused. */
function exciseByte(
  deeds: readonly Deed[],
  offset: number,
  value: number,
  isAccepted: (offset: number, value: number) => boolean,
): void {
  let isBeneath = false;
  for (let index = deeds.length - 1; index > 0; index--) {
    const deed = deeds[index] as Deed;
    if ("resizedTo" in deed) continue;
    const at = offset - deed.position;
    const its = deed.bytes[at];
    isBeneath ||= its === value;
    if (!isBeneath || its === undefined || (its !== value && isAccepted(offset, its))) continue;
    deed.gone.add(at);
  }
}

/** Where what is left ends. */
function extentOf(deeds: readonly Deed[]): number {
  let extent = 0;
  for (const deed of deeds) {
    if ("resizedTo" in deed) extent = deed.resizedTo;
    else
      for (let at = deed.bytes.length; at > 0; at--) {
        if (deed.gone.has(at - 1)) continue;
        extent = Math.max(extent, deed.position + at);
        break;
      }
  }
  return extent;
}
