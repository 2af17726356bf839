/**
 * What is compared after each step. Of the pages that the step touched, what the cache holds must be what a read asked now may
 * answer, and what is dirty there must be bytes that somebody wrote, under the credential of their write record, and that the
 * store has neither accepted nor refused. The file's size and its latest failure must be what the model says, too. At a quiet
 * point the same holds for every page of every file, and in one seed of some after each step.
 */
import type { ByteRanges } from "../../src/base/index.ts";
import { type AddressSpace, ToldFailure } from "../../src/cache/index.ts";
import type { Page } from "../../src/cache/page/page.ts";
import { complaintOfRead, mayEndAt } from "../model/lawful.ts";
import type { ModelFile } from "../model/model-file.ts";
import { name } from "./open-slot.ts";
import type { Operation } from "./operation.ts";
import type { Program } from "./program.ts";
import type { World } from "./world.ts";

const mappingKinds: ReadonlySet<Operation["kind"]> = new Set(["load", "store", "msync", "unmap"]);

/** Entries that are not about bytes. */
const bytelessKinds: ReadonlySet<Operation["kind"]> = new Set([
  "open",
  "map",
  "stat",
  "unlink",
  "rename",
  "link",
  "otherMode",
  "otherDelete",
]);

/** The file that an entry of the script is about, as far as that is known now. */
export function touchedFile(world: World, operation: Operation, program: Program | undefined): ModelFile | undefined {
  if ("slot" in operation) {
    const slots = mappingKinds.has(operation.kind) ? program?.mappings : program?.slots;
    return slots?.get(operation.slot)?.file;
  }
  if (!("file" in operation)) return undefined;
  const node = world.server.root.entries?.get(name(operation.file))?.id;
  return node === undefined ? undefined : world.files.get(node);
}

/** The bytes that it may have brought in, changed, sent or dropped. */
function touchedRange(operation: Operation): { start: number; end: number } {
  if (bytelessKinds.has(operation.kind)) return { start: 0, end: 0 };
  if (!("position" in operation && "length" in operation)) return { start: 0, end: Number.POSITIVE_INFINITY };
  return { start: operation.position, end: operation.position + operation.length };
}

/** An entry of the script, about this file, has been done. */
export function checkStep(world: World, file: ModelFile | undefined, operation: Operation): void {
  world.volume.checkInvariants();
  world.checkPromise();
  world.checkBooks(false);
  world.noteNames();
  world.eventWitness.check();
  if (world.scenario.comparesEverything) {
    checkEverything(world, false);
  } else if (file !== undefined) {
    const { start, end } = touchedRange(operation);
    checkFile(world, file, start, end);
    world.keeper.check(file, false);
  }
  world.requireNoComplaint();
}

/** Nobody does anything; when it is `settled`, everything has been sent as well. */
export function checkQuiet(world: World, isSettled: boolean): void {
  world.checkBooks(isSettled);
  if (isSettled) world.require(world.rescue.complaintOfSilence());
  checkEverything(world, isSettled);
  world.requireNoComplaint();
}

function checkEverything(world: World, isSettled: boolean): void {
  for (const file of world.files.values()) {
    checkFile(world, file, 0, Number.POSITIVE_INFINITY);
    world.keeper.check(file, isSettled);
  }
}

/** Compares the pages that meet [start, end) of a file, its size and its failures. */
function checkFile(world: World, file: ModelFile, start: number, end: number): void {
  const space = world.nodes.get(file)?.space;
  if (space === undefined || space.destroyed) return;
  const complaint = complaintOfFile(world, file, space) ?? complaintOfPages(world, file, space, start, end);
  if (complaint !== undefined) world.complain(`the cache of ${world.nameOf(file)}: ${complaint}`);
}

function complaintOfFile(
  world: World,
  file: ModelFile,
  { size, isDoubtful, errors }: AddressSpace,
): string | undefined {
  const now = world.now();
  if (!isDoubtful && !mayEndAt(file, size, { from: now, to: now, noticed: 0 })) return `it is said to end at ${size}`;
  const { latest } = errors;
  if (latest instanceof ToldFailure && latest.told !== file.failures.latest) {
    return `its latest failure is ${latest.code}, and ${file.failures.latest?.failure.code} was told of last`;
  }
  return undefined;
}

function complaintOfPages(
  world: World,
  file: ModelFile,
  { pages, pageSize, size }: AddressSpace,
  start: number,
  end: number,
): string | undefined {
  let page = pages.next(Math.floor(start / pageSize));
  while (page !== undefined && page.index * pageSize < end) {
    const complaint = complaintOfShown(world, file, page, page.index * pageSize, size) ?? complaintOfDirty(file, page);
    if (complaint !== undefined) return complaint;
    page = pages.next(page.index + 1);
  }
  return undefined;
}

/** What a read would be answered with. */
function complaintOfShown(world: World, file: ModelFile, page: Page, pageStart: number, size: number) {
  const now = world.now();
  const asked = { from: now, to: now, noticed: 0 };
  for (const [from, to] of rangesOf(page.valid.minus(Math.max(0, size - pageStart), page.frame.length))) {
    const bytes = page.frame.subarray(from, to);
    const complaint = complaintOfRead(file, pageStart + from, bytes, bytes.length, bytes.length, asked);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** What is to be sent. */
function complaintOfDirty(file: ModelFile, { frame, dirty, record, index }: Page): string | undefined {
  const pageStart = index * frame.length;
  for (const [from, to] of rangesOf(dirty)) {
    for (const { start, end, change } of file.runsOf(pageStart + from, frame.subarray(from, to))) {
      const name = `dirty bytes [${start}, ${end})`;
      if (change === undefined) return `${name} were written by nobody (G3)`;
      if (change.credentialId !== record?.credential.id) {
        return `${name} were written under ${change.credentialId} and would be sent under ${record?.credential.id} (G6)`;
      }
      const complaint = file.fates.complaintOfSending({ start, end, change });
      if (complaint !== undefined) return `${name}: ${complaint}`;
    }
  }
  return undefined;
}

function* rangesOf(ranges: ByteRanges): Iterable<[from: number, to: number]> {
  for (let range = 0; range < ranges.rangeCount; range++) yield [ranges.start(range), ranges.end(range)];
}
