/**
 * What one run plays in: the memory server, the faulty store and another client of it, the volume over them, and the model
 * that is told of everything. The world is the witness of the store: it checks each write on its way (G3, G4, G6).
 */
import { assert, type ErrorCode, Failure, SeededRandom } from "../../src/base/index.ts";
import type { SpaceObserver } from "../../src/cache/index.ts";
import type { CachedVolume } from "../../src/files/cached-volume.ts";
import { openVolume } from "../../src/files/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import { type Call, type Credential, type NodeId, type Store, superuser } from "../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../src/stores/memory/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import type { ActorClock } from "../kit/schedule/actor-clock.ts";
import { runningActor } from "../kit/schedule/point.ts";
import type { LocalChange, Tick } from "../model/change.ts";
import type { SentRun } from "../model/fates.ts";
import { ModelFile } from "../model/model-file.ts";
import { Admissions } from "./admissions.ts";
import { complaintOfBooks, type Evidence, ToldOf } from "./books.ts";
import { CacheTraffic, listenToCaches } from "./cache-traffic.ts";
import { ConflictCopies } from "./conflict-copies.ts";
import { EventWitness } from "./event-witness.ts";
import { FaultyStore, type SentWrite, type StoreWitness } from "./faulty-store.ts";
import { Keeper } from "./keeper.ts";
import { KeyOffice } from "./key-office.ts";
import { Media } from "./media.ts";
import { RefusalWitness } from "./refusal-witness.ts";
import { Restores } from "./restores.ts";
import type { Scenario } from "./scenario.ts";
import { Tallies, type Timeline } from "./timeline.ts";

/** What was seen and must not be: the run has failed. */
export class Complaint extends Error {
  override readonly name = "Complaint";
}

interface WitnessedWrite extends SentWrite {
  readonly file: ModelFile;
  readonly runs: readonly SentRun[];
}

export class World implements StoreWitness {
  readonly scenario: Scenario;
  readonly clock: ActorClock;
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly server: MemoryServer;
  readonly faulty: FaultyStore;
  readonly rescue: RefusalWitness;
  readonly restores: Restores;
  /** Undefined where credentials never end. */
  readonly keyOffice: KeyOffice | undefined;
  /** Of each actor. */
  readonly credentials: readonly Credential[];
  /** The drive of the store, where that is a medium. */
  readonly media: Media | undefined;
  readonly copies: ConflictCopies = new ConflictCopies(this);
  readonly admissions: Admissions = new Admissions(this);
  readonly traffic: CacheTraffic = new CacheTraffic();
  readonly told: ToldOf = new ToldOf();
  readonly eventWitness: EventWitness = new EventWitness(this);
  readonly keeper: Keeper = new Keeper(this);
  /** Another client of the same server. */
  readonly other: Store;
  volume!: CachedVolume;

  readonly files: Map<NodeId, ModelFile> = new Map();
  /** The volume's node of each file, as last met. */
  readonly nodes: Map<ModelFile, VolumeNode> = new Map();
  /** Programs that sync everything just now: any of them may have heard a failure before it says so. */
  syncsUnderWay = 0;
  readonly faults: Tallies = new Tallies();
  readonly events: Tallies = new Tallies();
  readonly outcomes: Tallies = new Tallies();
  /** Codes with which operations may fail, because of what has happened. */
  readonly excuses: Set<ErrorCode> = new Set();
  complaint: Complaint | undefined;
  #tick: Tick = 0;

  constructor(seed: number, scenario: Scenario, clock: ActorClock, timeline: Timeline) {
    this.scenario = scenario;
    this.clock = clock;
    this.timeline = timeline;
    this.random = new SeededRandom(seed ^ 0x3057ab1e);
    const office =
      scenario.keys === undefined ? undefined : new KeyOffice(this, scenario.keys, new SeededRandom(seed ^ 0x6b657973));
    this.keyOffice = office;
    this.credentials = scenario.credentials.map((each) => office?.issue(each) ?? each);
    this.server = new MemoryServer({ clock, rootMode: 0o777, ...(office === undefined ? {} : { keys: office.keys }) });
    this.other = memoryStore(this.server, { durability: "stable", conditionalWrites: false });
    this.faulty = new FaultyStore(memoryStore(this.server, scenario.store), this, {
      clock,
      random: new SeededRandom(seed ^ 0x0fa17b0c),
      faults: scenario.faults,
      latencyMsMax: scenario.latencyMsMax,
      deadlineMs: scenario.storeTimeoutMs,
      victim: scenario.credentials[0]?.id ?? superuser.id,
    });
    this.media = scenario.isMedium
      ? new Media(this.faulty.store, clock, new SeededRandom(seed ^ 0x3ed10), (what) => this.complain(what))
      : undefined;
    this.rescue = new RefusalWitness(this, clock, new SeededRandom(seed ^ 0x7e5c0e), scenario.rescueFaults);
    this.restores = new Restores(this, seed);
  }

  async open(): Promise<void> {
    const { scenario, clock } = this;
    const { pageSize, attributeTimeoutMs } = scenario;
    listenToCaches(this.traffic, (node, observer) => this.#listening(node, observer));
    this.volume = (await openVolume((await this.media?.store()) ?? this.faulty.store, {
      credential: superuser,
      umask: 0,
      clock,
      pageSize,
      budgetBytes: scenario.budgetPages * pageSize,
      dirtyLimitBytes: scenario.dirtyLimitPages * pageSize,
      readaheadBytesMax: scenario.readaheadBytesMax,
      attributeTimeoutMs,
      entryTimeoutMs: attributeTimeoutMs,
      storeTimeoutMs: scenario.storeTimeoutMs,
      idleNodesMax: scenario.idleNodesMax,
      ...scenario.refusals,
      ...this.keyOffice?.options,
      rescue: this.rescue,
    })) as CachedVolume;
    this.eventWitness.listen(this.volume);
    this.keyOffice?.listen(this.volume);
  }

  /** An observer that lets the rescue know first what is told of failed write-backs. */
  #listening(node: NodeId, observer: SpaceObserver): SpaceObserver {
    const { keepBoth } = observer;
    const copying: Pick<SpaceObserver, "keepBoth"> =
      keepBoth === undefined
        ? {}
        : { keepBoth: (refused, own, signal) => this.rescue.copy(refused, () => keepBoth(refused, own, signal)) };
    return {
      ...observer,
      ...copying,
      writebackFailed: (failed) => {
        const file = this.fileOf({ id: node });
        this.told.failed(failed, this.scenario.pageSize);
        this.rescue.told(file, failed);
        this.eventWitness.telling("writebackFailed", file, failed, () => observer.writebackFailed(failed));
      },
      rescued: (refused) => {
        const file = this.fileOf({ id: node });
        this.told.settled(refused, this.scenario.pageSize);
        this.rescue.rescued(file, refused);
        this.eventWitness.telling("rescued", file, refused, () => observer.rescued?.(refused));
      },
    };
  }

  /** The next tick. */
  now(): Tick {
    this.#tick += 1;
    return this.#tick;
  }

  fileOf(node: { readonly id: NodeId }): ModelFile {
    const file = this.files.get(node.id);
    assert(file !== undefined, "the model knows every file");
    return file;
  }

  nameOf(file: ModelFile): string {
    return `#${file.number}`;
  }

  complain(what: string): void {
    this.timeline.add("model", what);
    this.complaint ??= new Complaint(what);
  }

  /** Throws what was complained of, if anything was. */
  requireNoComplaint(): void {
    if (this.complaint !== undefined) throw this.complaint;
  }

  require(complaint: string | undefined): void {
    if (complaint === undefined) return;
    this.complain(complaint);
    this.requireNoComplaint();
  }

  /** Whether what has happened explains failures with this code. */
  explains(code: ErrorCode): boolean {
    return this.excuses.has(code) || (code === "ETIMEDOUT" && this.rescue.hasHeldTooMuch);
  }

  /** The code of a failure that the world may be blamed for; anything else ends the run. */
  excused(thrown: unknown, what: string, alsoLawful: readonly ErrorCode[] = []): ErrorCode {
    if (!(thrown instanceof Failure)) throw thrown;
    if (this.explains(thrown.code) || alsoLawful.includes(thrown.code)) return thrown.code;
    if (this.traffic.framesRefused.explain(thrown)) {
      this.events.add(`no frame left ${thrown.code}`);
      return thrown.code;
    }
    const complaint = new Complaint(`${what} failed with ${thrown.code}, and nothing has happened that explains it`);
    complaint.cause = thrown;
    this.complain(complaint.message);
    throw complaint;
  }

  /** What went wrong is over; a file that others removed stays away. */
  forgetExcuses(): void {
    this.excuses.clear();
    this.rescue.forgetEnded();
    // A removal may go unnoticed here: by others, or when a name is given anew meanwhile.
    if ([...this.files.values()].some(({ removed }) => removed !== undefined)) this.excuses.add("ESTALE");
    // A file that was forgotten before it was durable is found to have lost something when it is met again.
    if (this.server.crashCount > 0) this.excuses.add("EIO");
    // Refused bytes that no rescue has taken, as of a removed file, keep their memory: who wants some hears why there is none.
    for (const { space } of this.nodes.values()) {
      for (const { failure } of space?.refusals ?? []) this.excuses.add(failure.code);
    }
    // Waiting for a hook takes of an operation's time.
    if (this.keyOffice?.mayFail === true) this.excuses.add("EKEYEXPIRED").add("ETIMEDOUT");
  }

  fault(kind: string, code?: ErrorCode): void {
    this.faults.add(kind);
    if (code !== undefined) this.excuses.add(code);
  }

  note(what: string): void {
    this.timeline.add(runningActor() ?? "main", what);
  }

  created(node: NodeId, name: string): void {
    if (this.copies.made(node, name)) return;
    const file = new ModelFile(node, this.files.size);
    file.name = name;
    file.names.add(name);
    this.files.set(node, file);
    this.timeline.add("store", `${name} is made: ${this.nameOf(file)}`);
  }

  unnamed(name: string): void {
    this.excuses.add("ESTALE");
    this.#noteRemovals("here");
    // Of what others have removed already the volume may have the name still: then it was removed here as well.
    for (const file of this.files.values())
      if (file.removed === "elsewhere" && file.name === name) file.removed = "here";
  }

  noteRemovalsElsewhere(): void {
    this.#noteRemovals("elsewhere");
  }

  /** Notes the names that files have at the server. */
  noteNames(): void {
    for (const [name, child] of this.server.root.entries ?? []) this.files.get(child.id)?.names.add(name);
  }

  /** A file without a name at the server was removed just now. */
  #noteRemovals(by: "here" | "elsewhere"): void {
    this.noteNames();
    const names = new Map<NodeId, string>();
    for (const [name, child] of this.server.root.entries ?? []) names.set(child.id, name);
    for (const file of this.files.values()) {
      file.name = names.get(file.node) ?? file.name;
      if (file.removed !== undefined || names.has(file.node)) continue;
      file.removed = by;
      this.timeline.add("store", `${this.nameOf(file)} has lost its last name`);
    }
  }

  sent(node: NodeId, offset: number, bytes: Uint8Array, call: Call): SentWrite {
    if (this.copies.has(node)) return { node, offset, bytes };
    const file = this.fileOf({ id: node });
    const runs: SentRun[] = [];
    for (const { start, end, change } of file.runsOf(offset, bytes)) {
      const name = `bytes [${start}, ${end}) of ${this.nameOf(file)}`;
      if (change === undefined) {
        const id = file.pattern.idOf(bytes[start - offset] as number, start);
        this.complain(`${name}, id ${id}, are sent; nobody wrote them (G3)`);
      } else {
        this.#checkRun(name, { start, end, change }, file, call);
        runs.push({ start, end, change });
      }
    }
    this.timeline.add(
      "store",
      `${this.nameOf(file)} [${offset}, ${offset + bytes.length}) sent under ${call.credential.id}`,
    );
    const sent: WitnessedWrite = { node, offset, bytes, file, runs };
    return sent;
  }

  #checkRun(name: string, run: SentRun, file: ModelFile, call: Call): void {
    const { change } = run;
    const isOwn = change.credentialId === call.credential.id;
    if (!isOwn && this.keyOffice?.mayStandIn(call.credential, change.credentialId) !== true) {
      this.complain(`${name} were written under ${change.credentialId} and are sent under ${call.credential.id} (G6)`);
    }
    const complaint = file.fates.complaintOfSending(run);
    if (complaint !== undefined) this.complain(`${this.nameOf(file)}: ${complaint}`);
  }

  wrote(sent: SentWrite, byteCount: number): void {
    if (this.copies.has(sent.node)) return;
    const { file, runs, offset } = sent as WitnessedWrite;
    file.unansweredCount += 1;
    const tick = this.now();
    const atMs = this.clock.nowMs();
    for (const run of clipped(runs, offset + byteCount)) {
      const complaint = file.fates.apply(run);
      if (complaint !== undefined) this.complain(`${this.nameOf(file)}: ${complaint} (G4)`);
      file.serverWrote(run.start, run.end, run.change.valueId, run.change, tick, atMs);
    }
    this.timeline.add("store", `${this.nameOf(file)} has [${offset}, ${offset + byteCount})`);
  }

  answered(sent: SentWrite, byteCount: number): void {
    if (this.copies.has(sent.node)) return;
    const { file, runs, offset } = sent as WitnessedWrite;
    file.unansweredCount -= 1;
    for (const run of clipped(runs, offset + byteCount)) file.fates.accept(run);
  }

  resized(node: NodeId, size: number): void {
    if (this.copies.has(node)) return;
    const file = this.fileOf({ id: node });
    const local = localChange(file, "resize", size, Number.POSITIVE_INFINITY);
    file.serverResized(size, local, this.now(), this.clock.nowMs());
    this.timeline.add("store", `${this.nameOf(file)} is cut to ${size}`);
  }

  punched(node: NodeId, start: number, end: number): void {
    const file = this.fileOf({ id: node });
    const local = localChange(file, "zero", start, end);
    file.serverWrote(start, end, 0, local, this.now(), this.clock.nowMs());
    this.timeline.add("store", `${this.nameOf(file)} is punched [${start}, ${end})`);
  }

  /** What is in the cache of a file agrees with what the model knows to be unsent (S5.1). */
  checkPromise(): void {
    for (const file of this.files.values()) {
      const { pendingCount } = file.fates;
      if (pendingCount + file.unrescuedCount === 0 || file.cutsUnderWay > 0 || file.removed === "here") continue;
      const space = this.nodes.get(file)?.space;
      const unrescued = space?.unrescuedBytes ?? 0;
      if (unrescued < file.unrescuedCount) {
        this.complain(
          `${this.nameOf(file)}: ${file.unrescuedCount} refused bytes are not rescued, ${unrescued} are in memory`,
        );
      }
      // What could not be rescued is in memory a little before it is told of.
      const held = (space?.dirtyBytes ?? 0) + unrescued - file.unrescuedCount;
      if (held >= pendingCount) continue;
      this.complain(
        `${this.nameOf(file)}: ${pendingCount} acknowledged bytes are not accepted, ${held} are unsent (S5.1)`,
      );
    }
  }

  /** The cache's counters and gauges agree with everything else that is known. */
  checkBooks(isAtRest: boolean): void {
    if (this.traffic.cache === undefined) return;
    const gauges = this.volume.snapshot().cache;
    const { counters } = gauges;
    const { traffic, told, scenario } = this;
    const evidence: Evidence = { gauges, counters, traffic, told, scenario };
    const complaint = complaintOfBooks(evidence, isAtRest) ?? traffic.framesRefused.complaint;
    if (complaint !== undefined) this.complain(complaint);
  }

  /** A sync of everything that began at `from` has succeeded. */
  promiseDurable(from: Tick): void {
    for (const file of this.files.values()) {
      if (file.removed === undefined) file.syncedAt = Math.max(file.syncedAt, from);
    }
  }

  call(credential: Call["credential"]): Call {
    return { ...asSuperuser, credential };
  }
}

function clipped(runs: readonly SentRun[], end: number): SentRun[] {
  return runs.filter((run) => run.start < end).map((run) => (run.end <= end ? run : { ...run, end }));
}

/**
 * The cut or punch that this is: one that the server has not made yet, under way or else given up; else one that it makes a second
 * time.
 */
function localChange(file: ModelFile, kind: "resize" | "zero", start: number, end: number): LocalChange | undefined {
  const fitting = file.locals.filter((change) => change.kind === kind && change.start === start && change.end === end);
  const unmade = fitting.filter((change) => file.server.every(({ local }) => local !== change));
  return underWayOrGivenUp(unmade) ?? underWayOrGivenUp(fitting) ?? fitting.at(-1);
}

function underWayOrGivenUp(changes: readonly LocalChange[]): LocalChange | undefined {
  return changes.find(({ ended }) => ended === Number.POSITIVE_INFINITY) ?? changes.findLast(({ isVoid }) => isVoid);
}
