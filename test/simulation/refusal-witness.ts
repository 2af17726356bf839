/**
 * The rescue sink of a run, and the witness of what is told of failed write-backs. What the sink is given must be bytes that
 * were acknowledged, not accepted, and of the credential that it is told; what an event says was rescued must be what the
 * sink was given (S5.1, S5.2). The sink may be slow, full, or answer after the rescue deadline.
 */

import type { CancelSignal, Clock } from "../../src/base/index.ts";
import { Failure, failureFrom, type SeededRandom } from "../../src/base/index.ts";
import type { ConflictCopy, WritebackFailure } from "../../src/cache/index.ts";
import type { RefusedBytes, RescueId, RescueSink } from "../../src/port/index.ts";
import type { LocalChange, RefusedRun } from "../model/change.ts";
import type { ModelFile } from "../model/model-file.ts";
import { RescuesUnderWay } from "./rescues-under-way.ts";
import type { World } from "./world.ts";

/** What the sink was asked to keep. */
interface Attempt {
  readonly file: ModelFile;
  readonly credentialId: string;
  readonly runs: readonly RefusedRun[];
  /** As "start-end start-end": what events name it by. */
  readonly ranges: string;
  id: RescueId | undefined;
  /** Told of as in memory only. */
  isUnrescued: boolean;
  isTold: boolean;
  /** Told of as kept elsewhere. */
  isToldAsKept: boolean;
  /** Nothing came of it; the next one is for the same bytes. */
  isGivenUp: boolean;
}

/** Bytes that lie together and are of one write, or of none. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly change: LocalChange | undefined;
}

export interface RescueFaults {
  readonly failChance: number;
  readonly lateChance: number;
  readonly deadlineMs: number;
}

export class RefusalWitness implements RescueSink {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #attempts: Attempt[] = [];
  readonly #underWay: RescuesUnderWay;
  #faults: RescueFaults;

  constructor(world: World, clock: Clock, random: SeededRandom, faults: RescueFaults) {
    this.#world = world;
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#underWay = new RescuesUnderWay(clock, faults.deadlineMs, world.scenario);
  }

  /** Whether rescues that are late have, or had, so many frames that nothing more was entrusted to the store. */
  get hasHeldTooMuch(): boolean {
    return this.#underWay.haveHeldTooMuch;
  }

  /** What rescues that have ended held is over. */
  forgetEnded(): void {
    this.#underWay.forgetEnded();
  }

  calm(): void {
    this.#faults = { ...this.#faults, failChance: 0, lateChance: 0 };
  }

  resumeFaults(faults: RescueFaults): void {
    this.#faults = faults;
  }

  keep(refused: RefusedBytes, signal: CancelSignal): Promise<RescueId> {
    return this.#underWay.during(refused, () => this.#keep(refused, signal));
  }

  async #keep(refused: RefusedBytes, signal: CancelSignal): Promise<RescueId> {
    const attempt = this.#attemptOf(refused);
    this.#attempts.push(attempt);
    const before = refused.ranges.map(({ frames }) => Buffer.concat(frames));
    const refusedAt = this.#world.now();
    const { failChance, lateChance, deadlineMs } = this.#faults;
    const isLate = this.#random.chance(lateChance);
    if (isLate) this.#world.fault("rescue late");
    await this.#pass(isLate ? deadlineMs * (1 + this.#random.below(3)) : this.#random.below(20));
    if (this.#random.chance(failChance)) {
      this.#world.fault("rescue failed");
      throw new Failure("ENOSPC", { syscall: "rescue" });
    }
    const isUnchanged = refused.ranges.every(
      ({ frames }, at) => Buffer.compare(Buffer.concat(frames), before[at] as Buffer) === 0,
    );
    if (!isUnchanged) this.#world.complain("refused bytes changed while they were rescued (S5.2)");
    if (isLate && signal.aborted && this.#random.chance(0.5)) throw new Failure("EINTR", { syscall: "rescue" });
    const id: RescueId = `rescue ${this.#attempts.indexOf(attempt)}`;
    this.#keptAs(attempt, id);
    this.#world.restores.keep(id, attempt.file, refused, before, refusedAt);
    return id;
  }

  #keptAs(attempt: Attempt, id: RescueId): void {
    attempt.id = id;
    // What could not be rescued at first has been told of then.
    const isTold = this.#attempts.some((other) => other.runs === attempt.runs && other.isTold);
    if (!isTold) attempt.file.untold.push(attempt);
    for (const run of attempt.runs) attempt.file.fates.refuse(run);
    this.#noLongerUnrescued(attempt);
  }

  /** The volume keeps refused bytes itself, in a copy beside the file; when it cannot, the rescue is asked. */
  async copy(refused: RefusedBytes, write: () => Promise<ConflictCopy>): Promise<ConflictCopy> {
    const attempt = this.#attemptOf(refused);
    this.#attempts.push(attempt);
    const copy = await this.#underWay.during(refused, write).catch((thrown) => {
      const { code, message } = failureFrom(thrown);
      this.#world.fault(`conflict copy failed: ${code}`);
      this.#world.timeline.add("rescue", `no copy of ${refused.path}: ${message}`);
      attempt.isGivenUp = true;
      throw thrown;
    });
    this.#world.faults.add(`conflict copy, ${copy.isOwnVersion ? "own version" : "mixed"}`);
    this.#world.copies.keep(copy.path, refused);
    this.#keptAs(attempt, copy.path);
    return copy;
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
  }

  #attemptOf({ node, ranges, credential }: RefusedBytes): Attempt {
    const file = this.#world.fileOf({ id: node });
    const credentialId = credential.id;
    const told = rangesText(ranges.map(({ offset, byteCount }) => ({ start: offset, end: offset + byteCount })));
    this.#world.timeline.add("rescue", `${this.#world.nameOf(file)} ${told} of ${credentialId}`);
    const pieces = ranges.flatMap(({ offset, frames }) => [...file.runsOf(offset, Buffer.concat(frames))]);
    const earlier = this.#earlierLike(file, credentialId, told, pieces);
    const runs = earlier?.runs ?? this.#newRuns(file, credentialId, pieces);
    return {
      file,
      credentialId,
      ranges: told,
      runs,
      id: undefined,
      isUnrescued: false,
      isTold: false,
      isToldAsKept: false,
      isGivenUp: false,
    };
  }

  /** Bytes that the rescue meets for the first time. */
  #newRuns(file: ModelFile, credentialId: string, pieces: readonly Piece[]): RefusedRun[] {
    const world = this.#world;
    const begun = world.now();
    const runs: RefusedRun[] = [];
    for (const { start, end, change } of pieces) {
      const name = `refused bytes [${start}, ${end}) of ${world.nameOf(file)}`;
      if (change === undefined) {
        world.complain(`${name} are rescued; nobody wrote them (S5.1)`);
        continue;
      }
      if (change.credentialId !== credentialId) {
        world.complain(`${name}, written under ${change.credentialId}, are rescued under ${credentialId} (S5.3)`);
      }
      const complaint = file.fates.complaintOfSending({ start, end, change });
      if (complaint !== undefined) world.complain(`${name} are rescued: ${complaint}`);
      runs.push({ start, end, change, begun, ended: Number.POSITIVE_INFINITY, lingers: false });
    }
    file.refused.push(...runs);
    return runs;
  }

  /** The first attempt for bytes that are in memory only, or that was given up. */
  #earlierLike(file: ModelFile, credentialId: string, ranges: string, pieces: readonly Piece[]): Attempt | undefined {
    const like = this.#attempts.filter(
      (other) =>
        (other.isUnrescued || other.isGivenUp) &&
        other.file === file &&
        other.ranges === ranges &&
        other.credentialId === credentialId,
    );
    return like.find(({ runs }) => runs.every(({ change }, at) => change === pieces[at]?.change));
  }

  /** One failed write-back, as it joins the error sequence. */
  told(file: ModelFile, told: WritebackFailure): void {
    const { failure, operation, outcome, ranges } = told;
    const world = this.#world;
    world.events.add(`writebackFailed ${operation} ${outcome} ${failure.code}`);
    const what = `${operation} of ${world.nameOf(file)} ${rangesText(ranges)} failed: ${failure.code}, ${outcome}`;
    world.timeline.add("cache", `${what}, size ${told.sizeBefore} to ${told.sizeAfter}`);
    file.failures.record(told, world.now());
    if (!world.explains(failure.code)) world.complain(`write-back failed with ${failure.code} for no reason`);
    if (outcome === "keptDirty" || outcome === "uncertain") return;
    const attempt = this.#attemptFor(file, told);
    if (attempt === undefined) world.complain(`${what}: the rescue was not given these bytes (S5.2)`);
    else this.#refuse(attempt, told);
  }

  /** Bytes that were told of as unrescued are kept by now. */
  rescued(file: ModelFile, told: WritebackFailure): void {
    const world = this.#world;
    world.events.add(`rescued ${told.outcome}`);
    world.timeline.add("cache", `${world.nameOf(file)} ${rangesText(told.ranges)} is rescued: ${told.outcome}`);
    const attempt = this.#attemptFor(file, told);
    if (attempt === undefined) world.complain("a rescue is told of that nobody made (S5.2)");
    else this.#refuse(attempt, told);
  }

  #attemptFor(file: ModelFile, told: WritebackFailure): Attempt | undefined {
    const ranges = rangesText(told.ranges);
    return this.#attempts.findLast(
      (attempt) =>
        attempt.file === file &&
        attempt.credentialId === told.credential.id &&
        attempt.ranges === ranges &&
        (told.outcome === "unrescued" ? !attempt.isTold || attempt.isUnrescued : attempt.id === told.rescueId),
    );
  }

  #refuse(attempt: Attempt, told: WritebackFailure): void {
    const { file, runs } = attempt;
    attempt.isTold = true;
    attempt.isToldAsKept ||= told.outcome !== "unrescued";
    file.untold = file.untold.filter((other) => other !== attempt);
    const ended = this.#world.now();
    for (const run of runs) {
      file.fates.refuse(run);
      if (told.outcome === "unrescued") continue;
      run.ended = ended;
      run.lingers = told.outcome === "salvaged" || told.outcome === "invalidated";
    }
    const isUnrescued = told.outcome === "unrescued";
    if (!isUnrescued) {
      this.#noLongerUnrescued(attempt);
    } else if (attempt.id === undefined && !this.#attempts.some((other) => other.isUnrescued && other.runs === runs)) {
      attempt.isUnrescued = true;
      file.unrescuedCount += byteCountOf(runs);
    }
  }

  /** When all is settled: whatever is kept elsewhere has been told of as that, also when it was told of as unrescued before. */
  complaintOfSilence(): string | undefined {
    const silent = this.#attempts.find(
      ({ file, id, isToldAsKept }) => id !== undefined && !isToldAsKept && file.removed === undefined,
    );
    if (silent === undefined) return undefined;
    return `${silent.ranges} of ${this.#world.nameOf(silent.file)} are kept as ${silent.id}, and nobody was told (S5.8)`;
  }

  /** These bytes need not be in memory any more. */
  #noLongerUnrescued({ file, runs }: Attempt): void {
    const earlier = this.#attempts.find((other) => other.isUnrescued && other.runs === runs);
    if (earlier === undefined) return;
    earlier.isUnrescued = false;
    file.unrescuedCount -= byteCountOf(runs);
  }
}

function byteCountOf(runs: readonly RefusedRun[]): number {
  return runs.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Ranges that touch are one, as events have them. */
function rangesText(ranges: readonly { readonly start: number; readonly end: number }[]): string {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = joined.at(-1);
    if (last?.end === start) last.end = end;
    else joined.push({ start, end });
  }
  return joined.map(({ start, end }) => `[${start}, ${end})`).join(" ");
}
