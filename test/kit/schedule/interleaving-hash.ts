/**
 * A hash of the choices of a run: 64 bits, the same in every process, so that runs can be compared and different ones
 * counted. Names are hashed once and remembered.
 */
const primeA = 0x01000193;
const primeB = 0x85ebca6b;

const known: Map<string, number> = new Map();

/** FNV-1a of a text, 32 bits. */
export function hashOfText(text: string): number {
  const before = known.get(text);
  if (before !== undefined) return before;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), primeA);
  hash >>>= 0;
  known.set(text, hash);
  return hash;
}

export class InterleavingHash {
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  add(name: string, actor: string, choice: number, readyCount: number): void {
    this.#mix(hashOfText(name));
    this.#mix(hashOfText(actor));
    this.#mix(choice * 0x10000 + readyCount);
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, primeA);
    const b = Math.imul(this.#b ^ value, primeB);
    this.#b = b ^ (b >>> 15);
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return hex(this.#a) + hex(this.#b);
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
