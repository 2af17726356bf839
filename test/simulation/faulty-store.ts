/**
 * A store between the cache and a memory server that has the faults a real one has, as a seed and the weather decide. What
 * the server really did, and what of it was answered, is told to a witness in the order of the server.
 *
 * It may: answer slowly; answer after the deadline, having done it before or doing it then; take a part of a write; say
 * it took more than it was sent; refuse; do a thing and answer with a failure; do a write twice before it answers.
 */

import type { ByteOffset, Clock } from "../../src/base/index.ts";
import { type ErrorCode, Failure, neverFires, type SeededRandom } from "../../src/base/index.ts";
import type { AttributeChanges, Attributes, Call, NodeId, Store, StoreEntry, Version } from "../../src/port/index.ts";
import type { Admissions } from "./admissions.ts";
import { refusalIn, type Weather } from "./weather.ts";

export type FaultKind = "slow" | "late" | "short" | "greedy" | "refused" | "unheard" | "twice" | "commitFailed";
/** How likely a call meets a fault, 0 to 1. */
export type FaultChances = Partial<Readonly<Record<FaultKind, number>>>;

/** Who is told what is sent, done and answered. */
export interface StoreWitness {
  /** A write was asked for; the answer stands for it in what follows. */
  sent(node: NodeId, offset: ByteOffset, bytes: Uint8Array, call: Call): SentWrite;
  wrote(sent: SentWrite, byteCount: number): void;
  /** The cache hears that so many bytes were taken. */
  answered(sent: SentWrite, byteCount: number): void;
  resized(node: NodeId, size: number): void;
  punched(node: NodeId, start: number, end: number): void;
  created(node: NodeId, name: string): void;
  /** A node was given another name. */
  noteNames(): void;
  /** A name was removed or replaced; its node may be gone. */
  unnamed(name: string): void;
  /** A fault of this kind happened; operations may fail with the code. */
  fault(kind: string, code?: ErrorCode): void;
  /** Who is let in to what, and who is not. */
  readonly admissions: Pick<Admissions, "letIn" | "refused">;
  complain(what: string): void;
  note(what: string): void;
}

/** A write as it was sent. */
export interface SentWrite {
  readonly node: NodeId;
  readonly offset: ByteOffset;
  readonly bytes: Uint8Array;
}

export interface FaultyOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly faults: FaultChances;
  readonly latencyMsMax: number;
  readonly deadlineMs: number;
  readonly victim: string;
}

const refusals: readonly ErrorCode[] = ["EIO", "EACCES", "ENOSPC", "EDQUOT", "EROFS", "ECONNRESET", "EAGAIN", "ENOMEM"];

/** What one call meets. */
interface Plan {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly refusal: ErrorCode | undefined;
  readonly unheard: boolean;
  /** Whether it is given up at the store, too, when nobody waits any more. */
  readonly heedsSignal: boolean;
}

type AnyOperation = (...given: unknown[]) => Promise<unknown>;

/** The operations that pass without trouble: nobody calls them, or nothing but memory is at stake. */
const untroubled: ReadonlySet<PropertyKey> = new Set(["root", "watch", "close", "manifest", "tryRead"]);

/** What may be allowed to somebody who may not look. */
const unshown: ReadonlySet<string> = new Set(["write", "commit", "release"]);
/** What changes a file's content; attributes alone as well. */
const changing: ReadonlySet<string> = new Set(["write", "setAttributes", "punchHole"]);
/** What answers with the node that it found or made. */
const named: ReadonlySet<string> = new Set(["lookup", "createFile"]);

export class FaultyStore {
  readonly store: Store;
  readonly weather: Set<Weather> = new Set();
  /** Files that the server knows no more, though somebody has them open. */
  readonly gone: Set<NodeId> = new Set();
  readonly #changes: Map<NodeId, { underWay: number; endedMs: number }> = new Map();
  readonly #inner: Store;
  readonly #options: FaultyOptions;
  readonly #witness: StoreWitness;
  readonly #hanging: Set<() => void> = new Set();
  #faults: FaultChances;

  constructor(inner: Store, witness: StoreWitness, options: FaultyOptions) {
    this.#inner = inner;
    this.#witness = witness;
    this.#options = options;
    this.#faults = options.faults;
    const special: Record<PropertyKey, unknown> = {
      write: this.#write.bind(this),
      setAttributes: this.#setAttributes.bind(this),
      punchHole: this.#punchHole.bind(this),
      createFile: this.#createFile.bind(this),
      link: this.#plain("link", inner.link, () => witness.noteNames()),
      remove: this.#plain("remove", inner.remove, ([, name]) => witness.unnamed(name as string)),
      rename: this.#plain("rename", inner.rename, ([, , , to]) => witness.unnamed(to as string)),
    };
    this.store = new Proxy(inner, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        return special[name] ?? (untroubled.has(name) ? member.bind(target) : this.#plain(name as string, member));
      },
    });
  }

  /** Ends all weather; what hangs goes on. */
  clear(): void {
    this.weather.clear();
    this.#endHanging();
  }

  /** No fault happens by itself from now on. */
  calm(): void {
    this.#faults = {};
    this.clear();
  }

  resumeFaults(): void {
    this.#faults = this.#options.faults;
  }

  endWeather(weather: Weather): void {
    this.weather.delete(weather);
    if (weather === "hanging") this.#endHanging();
  }

  /** When a change of the content that the volume asked for was last under way, late ones too; undefined: never. */
  changedAtMs(node: NodeId): number | undefined {
    const changes = this.#changes.get(node);
    return changes === undefined || changes.underWay === 0 ? changes?.endedMs : this.#options.clock.nowMs();
  }

  #endHanging(): void {
    for (const goOn of [...this.#hanging]) goOn();
    this.#hanging.clear();
  }

  #chance(kind: FaultKind): boolean {
    const chance = this.#faults[kind] ?? 0;
    return chance > 0 && this.#options.random.chance(chance);
  }

  #plan(operation: string, call: Call): Plan {
    const { random, latencyMsMax, deadlineMs, victim } = this.#options;
    let beforeMs = random.below(latencyMsMax + 1);
    let afterMs = random.below(latencyMsMax + 1);
    let refusal = refusalIn(this.weather, operation, call.credential, victim);
    if (refusal !== undefined) this.#witness.fault(`weather ${refusal}`, refusal);
    if (this.#chance("slow")) {
      this.#witness.fault("slow");
      if (random.chance(0.5)) beforeMs += random.below(deadlineMs / 2);
      else afterMs += random.below(deadlineMs / 2);
    }
    if (this.#chance("late")) {
      this.#witness.fault("late", "ETIMEDOUT");
      if (random.chance(0.5)) beforeMs += deadlineMs * (1 + random.below(4));
      else afterMs += deadlineMs * (1 + random.below(4));
    }
    if (this.weather.has("hanging")) {
      this.#witness.fault("hanging", "ETIMEDOUT");
      beforeMs = Number.POSITIVE_INFINITY;
    }
    if (refusal === undefined && this.#chance("refused")) {
      refusal = random.pick(refusals);
      this.#witness.fault(`refused ${refusal}`, refusal);
    }
    if (operation === "commit" && refusal === undefined && this.#chance("commitFailed")) {
      refusal = "EIO";
      this.#witness.fault("commitFailed", refusal);
    }
    const unheard = refusal === undefined && this.#chance("unheard");
    if (unheard) this.#witness.fault("unheard", "ECONNRESET");
    return { beforeMs, afterMs, refusal, unheard, heedsSignal: random.chance(0.5) };
  }

  async #pass(ms: number): Promise<void> {
    if (ms <= 0) return;
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        cancel?.();
        this.#hanging.delete(goOn);
        resolve();
      };
      const cancel = ms === Number.POSITIVE_INFINITY ? undefined : this.#options.clock.after(ms, goOn);
      if (ms > this.#options.deadlineMs) this.#hanging.add(goOn);
    });
  }

  /** One call from end to end; `apply` does it at the server. */
  async #run<Result>(
    operation: string,
    node: NodeId,
    call: Call,
    apply: (call: Call) => Promise<Result>,
  ): Promise<Result> {
    const { admissions } = this.#witness;
    const changes = changing.has(operation) ? this.#changesOf(node) : undefined;
    if (changes !== undefined) changes.underWay += 1;
    try {
      const result = await this.#answer(operation, node, call, apply);
      if (!unshown.has(operation))
        admissions.letIn(named.has(operation) ? (result as StoreEntry).node : node, call.credential.id);
      return result;
    } catch (thrown) {
      if (thrown instanceof Failure) admissions.refused(node, call.credential, thrown.code);
      throw thrown;
    } finally {
      if (changes !== undefined) {
        changes.underWay -= 1;
        changes.endedMs = this.#options.clock.nowMs();
      }
    }
  }

  #changesOf(node: NodeId): { underWay: number; endedMs: number } {
    const changes = this.#changes.get(node) ?? { underWay: 0, endedMs: 0 };
    this.#changes.set(node, changes);
    return changes;
  }

  async #answer<Result>(
    operation: string,
    node: NodeId,
    call: Call,
    apply: (call: Call) => Promise<Result>,
  ): Promise<Result> {
    const plan = this.#plan(operation, call);
    await this.#pass(plan.beforeMs);
    if (plan.heedsSignal && call.signal.aborted) throw new Failure("EINTR", { syscall: operation });
    if (plan.refusal !== undefined) throw new Failure(plan.refusal, { syscall: operation });
    if (this.gone.has(node)) throw new Failure("ESTALE", { syscall: operation });
    const result = await apply({ credential: call.credential, signal: neverFires });
    await this.#pass(plan.afterMs);
    if (plan.unheard) throw new Failure("ECONNRESET", { syscall: operation });
    return result;
  }

  #plain(
    operation: string,
    member: object,
    done?: (given: unknown[]) => void,
  ): (...given: unknown[]) => Promise<unknown> {
    return (...given) => {
      const call = given.at(-1) as Call;
      const rest = given.slice(0, -1);
      return this.#run(operation, given[0] as NodeId, call, async (passed) => {
        const result = await Reflect.apply(member as AnyOperation, this.#inner, [...rest, passed]);
        done?.(given);
        return result;
      });
    };
  }

  async #createFile(parent: NodeId, name: string, mode: number, call: Call) {
    return this.#run("createFile", parent, call, async (passed) => {
      const entry = await this.#inner.createFile(parent, name, mode, passed);
      this.#witness.created(entry.node, name);
      return entry;
    });
  }

  async #setAttributes(node: NodeId, changes: AttributeChanges, call: Call): Promise<Attributes> {
    return this.#run("setAttributes", node, call, async (passed) => {
      const attributes = await this.#inner.setAttributes(node, changes, passed);
      if (changes.size !== undefined) this.#witness.resized(node, changes.size);
      return attributes;
    });
  }

  async #punchHole(node: NodeId, offset: ByteOffset, length: number, call: Call): Promise<Attributes> {
    return this.#run("punchHole", node, call, async (passed) => {
      const attributes = await this.#inner.punchHole(node, offset, length, passed);
      this.#witness.punched(node, offset, offset + length);
      return attributes;
    });
  }

  async #write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ) {
    const bytes = Buffer.concat(frames);
    const sent = this.#witness.sent(node, offset, bytes, call);
    const isShort = bytes.length > 1 && this.#chance("short");
    if (isShort) this.#witness.fault("short");
    const part = isShort ? bytes.subarray(0, 1 + this.#options.random.below(bytes.length - 1)) : bytes;
    const isTwice = this.#chance("twice");
    const isGreedy = this.#chance("greedy");
    try {
      return await this.#run("write", node, call, async (passed) => {
        let result = await this.#inner.write(node, offset, [part], expected, passed);
        this.#witness.wrote(sent, result.byteCount);
        if (isTwice) {
          this.#witness.fault("twice", "ETIMEDOUT");
          await this.#pass(this.#options.random.below(2 * this.#options.deadlineMs));
          result = await this.#inner.write(node, offset, [part], undefined, passed);
          this.#witness.wrote(sent, result.byteCount);
        }
        return result;
      }).then((result) => {
        if (isGreedy) {
          this.#witness.fault("greedy", "EIO");
          return { ...result, byteCount: bytes.length + 1 };
        }
        if (!call.signal.aborted) this.#witness.answered(sent, result.byteCount);
        return result;
      });
    } finally {
      const isWanted = !call.signal.aborted;
      if (isWanted && Buffer.compare(Buffer.concat(frames), bytes) !== 0) {
        this.#witness.complain(`the bytes at ${offset} changed while they were sent (G4)`);
      }
    }
  }
}
