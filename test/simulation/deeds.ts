/**
 * The operations that scripts are made of, each with how often it comes. Places and lengths favour the edges of pages, and few
 * places over many, so that operations meet.
 */
import type { SeededRandom } from "../../src/base/index.ts";
import type { RenameMode } from "../../src/port/index.ts";
import type { Access, Operation, ReadWay, WriteWay } from "./operation.ts";
import type { Scenario } from "./scenario.ts";
import type { Need, ScriptState } from "./script-state.ts";

/** An operation without who does it and when. */
export type Deed = Operation extends infer Each
  ? Each extends Operation
    ? Omit<Each, "actor" | "afterMs" | "interruptMs">
    : never
  : never;

type Make = (random: SeededRandom, scenario: Scenario, state: ScriptState) => Deed;
type MakeOnSlot = (slot: number, random: SeededRandom, scenario: Scenario) => Deed;

export type DeedKind =
  | { readonly weight: number; readonly make: Make }
  | { readonly weight: number; readonly need: Need; readonly makeOn: MakeOnSlot };

function place(random: SeededRandom, { pageSize, fileBytes }: Scenario): number {
  const page = random.below(Math.ceil(fileBytes / pageSize)) * pageSize;
  const within = random.pick([0, 0, 1, pageSize - 1, 100 * random.below(pageSize / 100), random.below(pageSize)]);
  return Math.min(fileBytes - 1, page + within);
}

/** A stretch of a file. */
export function extent(random: SeededRandom, scenario: Scenario): { position: number; length: number } {
  const { pageSize, fileBytes } = scenario;
  const position = random.chance(0.1) ? 0 : place(random, scenario);
  const wanted = random.pick([1, 100, pageSize, pageSize + 1, random.below(500) + 1, random.below(2.5 * pageSize) + 1]);
  return { position, length: Math.min(wanted, fileBytes - position) };
}

function wholePages(random: SeededRandom, scenario: Scenario): { position: number; length: number } {
  const { pageSize, fileBytes } = scenario;
  const count = 1 + random.below(2);
  const position = random.below(Math.max(1, Math.floor(fileBytes / pageSize) - count)) * pageSize;
  return { position, length: count * pageSize };
}

const accesses: readonly Access[] = ["rw", "rw", "rw", "r", "w", "a", "a"];
const readWays: readonly ReadWay[] = ["now", "now", "wait", "wait", "views", "views", "direct"];
const writeWays: readonly WriteWay[] = ["now", "now", "now", "wait", "wait", "wait", "direct"];
const renameWays: readonly RenameMode[] = ["replace", "replace", "noReplace", "exchange"];

/** Opens what there is, or makes what there is not. */
export function openDeed(slot: number, random: SeededRandom, { fileCount }: Scenario, state: ScriptState): Deed {
  const file = random.below(fileCount);
  const access = random.pick(state.has(file) ? accesses : accesses.filter((each) => each !== "r"));
  const truncates = access !== "r" && random.chance(0.08) ? { truncates: true } : {};
  return { kind: "open", slot, file, access, ...truncates };
}

const onSlot = (weight: number, need: Need, makeOn: MakeOnSlot): DeedKind => ({ weight, need, makeOn });
const named = (weight: number, make: Make): DeedKind => ({ weight, make });

/** What programs do on open files, and with names. Opening is apart: it happens where nothing fitting is open, too. */
export const programDeeds: readonly DeedKind[] = [
  onSlot(5, "open", (slot) => ({ kind: "close", slot })),
  onSlot(24, "read", (slot, random, scenario) => {
    return { kind: "read", slot, ...extent(random, scenario), way: random.pick(readWays) };
  }),
  onSlot(28, "write", (slot, random, scenario) => {
    return { kind: "write", slot, ...extent(random, scenario), way: random.pick(writeWays) };
  }),
  onSlot(6, "write", (slot, random, scenario) => {
    return { kind: "write", slot, ...wholePages(random, scenario), way: "frames" };
  }),
  onSlot(5, "append", (slot, random) => ({ kind: "append", slot, length: 1 + random.below(250) })),
  onSlot(4, "write", (slot, random, scenario) => {
    return { kind: "truncate", slot, size: random.chance(0.2) ? 0 : place(random, scenario) };
  }),
  onSlot(3, "write", (slot, random, scenario) => ({ kind: "punch", slot, ...extent(random, scenario) })),
  onSlot(7, "open", (slot) => ({ kind: "fsync", slot })),
  onSlot(3, "open", (slot) => ({ kind: "stat", slot })),
  onSlot(3, "open", (slot, random, scenario) => ({ kind: "invalidate", slot, ...extent(random, scenario) })),
  onSlot(10, "mapped", (slot, random, scenario) => ({ kind: "load", slot, ...extent(random, scenario) })),
  onSlot(5, "mappedToWrite", (slot, random, scenario) => ({ kind: "store", slot, position: place(random, scenario) })),
  onSlot(2, "mappedToWrite", (slot) => ({ kind: "msync", slot })),
  onSlot(1, "mapped", (slot) => ({ kind: "unmap", slot })),
  named(2, () => ({ kind: "sync" })),
  named(1, (random, { fileCount }, state) => ({ kind: "unlink", file: state.fileFor(random, fileCount) })),
  named(1, (random, { fileCount }, state) => {
    const way = random.pick(renameWays);
    return { kind: "rename", file: state.fileFor(random, fileCount), to: random.below(fileCount + 1), way };
  }),
  named(1, (random, { fileCount }, state) => {
    return { kind: "link", file: state.fileFor(random, fileCount), to: random.below(fileCount + 1) };
  }),
];

export const otherDeeds: readonly DeedKind[] = [
  named(5, (random, scenario, state) => {
    return { kind: "otherWrite", file: state.fileFor(random, scenario.fileCount), ...extent(random, scenario) };
  }),
  named(2, (random, scenario, state) => {
    const file = state.fileFor(random, scenario.fileCount);
    return { kind: "otherTruncate", file, size: place(random, scenario) };
  }),
  named(1, (random, { fileCount }, state) => {
    return { kind: "otherDelete", file: state.fileFor(random, fileCount), forgets: random.chance(0.5) };
  }),
  named(2, (random, { fileCount }, state) => {
    return { kind: "otherMode", file: state.fileFor(random, fileCount), mode: random.pick([0o600, 0o444, 0o666]) };
  }),
];

/** What the person does, mostly with the youngest entry of a file. */
export function restoreDeed(random: SeededRandom, { fileCount }: Scenario): Deed {
  return {
    kind: "restore",
    file: random.below(fileCount),
    age: random.pick([0, 0, 0, 1, 2]),
    overwrites: random.chance(0.5),
    isSuperuser: random.chance(0.3),
    staysAfter: random.chance(0.2),
  };
}
