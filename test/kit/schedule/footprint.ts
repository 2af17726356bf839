/**
 * What a turn touches: which fields of which objects it reads and writes, as the rewritten sources tell
 * (tools/races/record-accesses.js). Two turns whose footprints do not clash can change places, and nobody sees it.
 *
 * Words. A *place* is a field of an object; all entries of a map, set or array, and all bytes of a buffer, are one place. An
 * object is known by the turn that made it and by how many that turn had made before, so that it is the same one in every
 * order in which its maker goes the same way. A variable that a closure keeps is a place of the actor that runs.
 *
 * Uses of a place clash unless both read it, both add to it, or both begin or both end something: the model of a race looks
 * only at whether one operation had ended when another began.
 */
import { runningActor } from "./point.ts";

export const reads = 1;
export const writes = 2;
const adds = 4;
export const begins = 8;
export const ends = 16;

/** Places, and how each was used: the sum of the uses. */
export type Footprint = ReadonlyMap<number, number>;

const objectsPerTurn = 2 ** 16;
const names: Map<string, number> = new Map();
const namesMax = 2 ** 11;

/** One run: tells objects apart, and has the footprint of the turn that goes. */
export class FootprintRecorder {
  #known: WeakMap<object, number> = new WeakMap();
  #turn = 0;
  #objectCount = 0;
  #footprint: Map<number, number> = new Map();

  /** Begins a turn, known by a number below 2^26; answers the footprint of the one before. */
  nextTurn(turn: number): Footprint {
    const before = this.#footprint;
    this.#turn = turn;
    this.#objectCount = 0;
    this.#footprint = new Map();
    return before;
  }

  know(thing: object): number {
    const before = this.#known.get(thing);
    if (before !== undefined) return before;
    if (this.#objectCount === objectsPerTurn) throw new Error(`one turn made more than ${objectsPerTurn} objects`);
    const key = this.#turn * objectsPerTurn + this.#objectCount++;
    this.#known.set(thing, key);
    return key;
  }

  use(thing: object, name: string, use: number): void {
    const place = this.know(thing) * namesMax + numberOf(name);
    this.#footprint.set(place, (this.#footprint.get(place) ?? 0) | use);
  }
}

function numberOf(name: string): number {
  const before = names.get(name);
  if (before !== undefined) return before;
  if (names.size === namesMax) throw new Error(`more than ${namesMax} names of fields`);
  names.set(name, names.size);
  return names.size - 1;
}

let recorder: FootprintRecorder | undefined;

/** Has what goes on recorded from now on; undefined: by nobody. */
export function recordWith(next: FootprintRecorder | undefined): void {
  recorder = next;
}

/** Does something whose accesses are nobody's: looking on from outside. */
export function unrecorded<Result>(work: () => Result): Result {
  const before = recorder;
  recorder = undefined;
  try {
    return work();
  } finally {
    recorder = before;
  }
}

/** Whether two turns cannot change places for what they touch. */
export function clash(one: Footprint, other: Footprint): boolean {
  const [fewer, more] = one.size <= other.size ? [one, other] : [other, one];
  for (const [place, use] of fewer) {
    const its = more.get(place);
    if (its !== undefined && usesClash(use, its)) return true;
  }
  return false;
}

export function usesClash(one: number, other: number): boolean {
  return one !== other || one === writes || (one & (one - 1)) !== 0;
}

/** Test code's own way to tell of a use. */
export function touch(thing: object, use: number): void {
  recorder?.use(thing, "itself", use);
}

/** Methods of maps, sets, arrays and buffers that change what is in them. */
const changing = new Set(
  "set add delete clear push pop shift unshift splice fill reverse sort copyWithin write".split(" "),
);
const aboutBuffer = new Set(["length", "byteLength", "byteOffset", "buffer", "subarray", "BYTES_PER_ELEMENT"]);

export function access<Thing>(thing: Thing, name: string, use: number): Thing {
  if (recorder === undefined || typeof thing !== "object" || thing === null) return thing;
  if (ArrayBuffer.isView(thing)) {
    if (!aboutBuffer.has(name)) useOfBytes(recorder, thing, name, use);
  } else if (isCollection(thing)) {
    recorder.use(thing, "[]", changing.has(name) ? writes : use);
  } else {
    recorder.use(thing, name, use);
  }
  return thing;
}

function useOfBytes(recorder: FootprintRecorder, view: ArrayBufferView, name: string, use: number): void {
  const changes = changing.has(name) || /^(set|write)[A-Z]/.test(name);
  recorder.use(view.buffer, "[]", changes ? writes : use === adds ? writes : use);
}

function isCollection(thing: object): thing is object & Iterable<unknown> {
  return Array.isArray(thing) || thing instanceof Map || thing instanceof Set;
}

/** What a call reads byte by byte. */
export function readsOf<Thing>(thing: Thing): Thing {
  if (recorder === undefined || typeof thing !== "object" || thing === null) return thing;
  if (ArrayBuffer.isView(thing)) recorder.use(thing.buffer, "[]", reads);
  else if (isCollection(thing)) for (const each of items(thing)) readsOf(each);
  return thing;
}

export function made<Thing extends object>(thing: Thing): Thing {
  recorder?.know(ArrayBuffer.isView(thing) ? thing.buffer : thing);
  return thing;
}

export function variable(site: string, use: number): void {
  recorder?.use(recorder, `${runningActor()} ${site}`, use);
}

/** What a pattern takes: names, each with what is taken from it in turn, or 0; "*" is everything. */
export interface Parts {
  readonly [name: string]: Parts | 0;
}

export function parts<Thing>(thing: Thing, taken: Parts): Thing {
  if (recorder === undefined || typeof thing !== "object" || thing === null) return thing;
  if (Array.isArray(thing)) recorder.use(thing, "[]", reads);
  for (const [name, inner] of Object.entries(taken)) {
    if (name === "*") useOfAll(recorder, thing);
    else access(thing, name, reads);
    if (inner !== 0) parts((thing as Record<string, unknown>)[name], inner);
  }
  return thing;
}

function useOfAll(recorder: FootprintRecorder, thing: object): void {
  for (const name of Object.keys(thing)) recorder.use(thing, name, reads);
}

/** What is gone through: each time again, when it is a collection that may change meanwhile. */
export function items<Thing>(thing: Thing, taken?: Parts): Thing {
  if (recorder === undefined || typeof thing !== "object" || thing === null) return thing;
  if (ArrayBuffer.isView(thing)) recorder.use(thing.buffer, "[]", reads);
  else if (isCollection(thing)) return eachOf(thing, taken) as Thing;
  else if (!(Symbol.iterator in thing)) useOfAll(recorder, thing);
  else if (taken !== undefined) return eachOf(thing as Iterable<unknown>, taken) as Thing;
  return thing;
}

function* eachOf(thing: object & Iterable<unknown>, taken: Parts | undefined): Generator<unknown> {
  access(thing, "[]", reads);
  for (const item of thing) {
    yield taken === undefined ? item : parts(item, taken);
    access(thing, "[]", reads);
  }
}
