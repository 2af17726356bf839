/**
 * The witness of the volume's events (S5.8). Each failure that joins a file's error sequence is told in the same turn, by one
 * event that says the same, and names what the store really answered, to whom and about which file. With it, whoever keeps
 * copies is told to drop every range that has left the cache. What the volume says of changes elsewhere must have happened.
 */
import type { WritebackFailure } from "../../src/cache/index.ts";
import type { CachedVolume } from "../../src/files/cached-volume.ts";
import type { VolumeInvalidation, WritebackFailed } from "../../src/files/volume-events.ts";
import type { ModelFile } from "../model/model-file.ts";
import type { World } from "./world.ts";

type Told = "writebackFailed" | "rescued";

/** What the volume has emitted while one failure was told. */
interface Telling {
  readonly events: { readonly kind: Told; readonly event: WritebackFailed }[];
  readonly dropped: { readonly start: number; readonly end: number }[];
}

/** What leaves the cache, so that copies of it have to go. */
const leaves: ReadonlySet<WritebackFailure["outcome"]> = new Set(["excised", "copied", "invalidated"]);

export class EventWitness {
  readonly #world: World;
  #telling: Telling | undefined;
  readonly #unexplained: Set<ModelFile> = new Set();

  constructor(world: World) {
    this.#world = world;
  }

  listen({ events }: CachedVolume): void {
    events.on("invalidate", (change) => this.#invalidated(change));
    for (const kind of ["writebackFailed", "rescued"] as const) {
      events.on(kind, (event) => {
        if (this.#telling === undefined) this.#world.complain(`a ${kind} is told of that no file has`);
        else this.#telling.events.push({ kind, event });
      });
    }
  }

  /** The cache tells `told` of a file; `tell` has the volume tell it to everybody else. */
  telling(kind: Told, file: ModelFile, told: WritebackFailure, tell: () => void): void {
    const telling: Telling = { events: [], dropped: [] };
    this.#telling = telling;
    tell();
    this.#telling = undefined;
    const [first] = telling.events;
    const what = `${kind} of ${this.#world.nameOf(file)}, ${told.outcome}`;
    if (first === undefined || telling.events.length > 1 || first.kind !== kind) {
      this.#world.complain(`${what}: ${telling.events.length} events tell of it, and it should be one (S5.8)`);
      return;
    }
    const complaint =
      complaintOfEvent(file, told, first.event) ??
      this.#complaintOfCause(file, told) ??
      complaintOfDrops(told, telling);
    if (complaint !== undefined) this.#world.complain(`${what}: ${complaint}`);
  }

  #invalidated(change: VolumeInvalidation): void {
    const world = this.#world;
    world.events.add(`invalidate ${change.what}`);
    if (change.what !== "content") return;
    const file = world.files.get(change.node.id);
    if (file === undefined) return;
    const { start, end = Number.POSITIVE_INFINITY } = change;
    world.timeline.add("cache", `copies of ${world.nameOf(file)} [${start}, ${end}) are out of date`);
    file.copies.drop(start, end);
    if (this.#telling !== undefined) this.#telling.dropped.push({ start, end });
    else if (!file.isNews) this.#unexplained.add(file);
  }

  /** To be called when a step has ended: what others were doing meanwhile is known by then. */
  check(): void {
    for (const file of this.#unexplained) {
      // A server that lost its power may have lost what nobody misses: the version moves all the same.
      // So does a medium that is back: nobody knows what happened to it meanwhile.
      if (file.isNews || this.#world.server.crashCount > 0 || this.#world.media !== undefined) continue;
      this.#world.complain(`${this.#world.nameOf(file)} is said to have changed elsewhere, and it has not`);
    }
    this.#unexplained.clear();
  }

  /** A failure is what the store answered to a call for this file under this credential, but for those that are made here. */
  #complaintOfCause(
    file: ModelFile,
    { failure, operation, credential, refusalClass }: WritebackFailure,
  ): string | undefined {
    const { failures } = this.#world.traffic;
    const call = failures.get(failure) ?? failures.get(failure.cause);
    if (call === undefined) {
      return ownCodes.has(failure.code) ? undefined : `the store has never answered with this ${failure.code}`;
    }
    const isOfWrite = operation === "write" && call.operation === "getAttributes";
    if (call.operation !== operation && !isOfWrite) return `${failure.code} was the answer to a ${call.operation}`;
    if (call.node !== file.node) return `${failure.code} was the answer for another file`;
    // A file that is gone takes everybody's bytes along (S0.14).
    if (call.credentialId === credential.id || refusalClass === "gone") return undefined;
    return `${failure.code} was the answer to ${call.credentialId}, and ${credential.id} is told of it (S5.3)`;
  }
}

/** What the cache itself calls a failure: no answer, an answer that cannot be true, a file that is given up. */
const ownCodes: ReadonlySet<string> = new Set(["ETIMEDOUT", "EIO", "ESTALE"]);

function complaintOfEvent(file: ModelFile, told: WritebackFailure, event: WritebackFailed): string | undefined {
  if (event.node.id !== file.node) return "the event is about another file";
  // Of two renames at once the volume may take the other for the earlier one: what was replaced is called by a wrong name.
  if (file.removed === undefined && !file.names.has(event.path.slice(1))) {
    return `the event calls the file ${event.path}`;
  }
  const { failure, operation, refusalClass, outcome, credential, ranges, rescueId, sizeBefore, sizeAfter, hole } = told;
  const same =
    event.failure === failure &&
    event.operation === operation &&
    event.refusalClass === refusalClass &&
    event.outcome === outcome &&
    event.credential === credential &&
    event.ranges === ranges &&
    event.rescueId === rescueId &&
    event.sizeBefore === sizeBefore &&
    event.sizeAfter === sizeAfter &&
    event.hole === hole;
  return same ? undefined : "the event says something else";
}

/** Whether the copies of what has left were called out of date, and nothing else's were. */
function complaintOfDrops({ outcome, ranges, sizeBefore, sizeAfter }: WritebackFailure, { dropped }: Telling) {
  if (!leaves.has(outcome))
    return dropped.length === 0 ? undefined : "copies are called out of date, and nothing has left";
  const start = ranges[0]?.start ?? 0;
  const end = sizeBefore === sizeAfter ? (ranges.at(-1)?.end ?? 0) : Number.POSITIVE_INFINITY;
  if (dropped.some((each) => each.start <= start && each.end >= end)) return undefined;
  return `[${start}, ${end}) has left the cache, and nobody was told to drop copies of it (S0.4)`;
}
