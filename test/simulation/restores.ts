/**
 * The person who restores what was refused (S5.3). Each entry that the rescue of a run keeps comes here; one of them is
 * written to the server again by the code that restores the entries of a directory, through a client of the person's own, in
 * today's weather and among what everybody else does. To the volume that is another client's change like any other.
 *
 *   kept --restore: refused--> kept, marked with how far it came --restore: whole--> restored, marked or disposed of
 *
 * What it watches. Without `overwrites` nothing is written to a file that was changed since its bytes were refused, nor, but
 * after an own try, to one that they were in conflict with. After a whole restore the server has all the bytes, but where
 * somebody wrote since; they are durable.
 */
import { delay, Failure, neverFires, SeededRandom } from "../../src/base/index.ts";
import {
  type Call,
  type Credential,
  type NodeId,
  type RefusedBytes,
  type RescueId,
  type Store,
  superuser,
} from "../../src/port/index.ts";
import { manifestOf, type RescueManifest } from "../../src/rescue/manifest.ts";
import { type RestoreProgress, RestoreRefused, restoreEntry } from "../../src/rescue/restore-entry.ts";
import type { RestoredMark } from "../../src/rescue/restored-mark.ts";
import { formatWallTime } from "../../src/rescue/wall-time.ts";
import { memoryStore } from "../../src/stores/memory/index.ts";
import type { Restored, Tick } from "../model/change.ts";
import type { KeptIds, ModelFile } from "../model/model-file.ts";
import { contentOf } from "./elsewhere.ts";
import { name } from "./open-slot.ts";
import type { RestoreOperation } from "./operation.ts";
import { refusalIn } from "./weather.ts";
import type { World } from "./world.ts";

const answerMsMax = 20;
const shortChance = 0.1;
const unheardChance = 0.03;
/** What the person is never refused: nothing is asked of the server, or nothing is at stake. */
const untroubled: ReadonlySet<PropertyKey> = new Set(["root", "release"]);

/** Bytes that lie together. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface RescueEntry {
  readonly file: ModelFile;
  readonly manifest: RescueManifest;
  readonly credential: Credential;
  readonly pieces: readonly Piece[];
  readonly kept: KeptIds;
  readonly refusedAt: Tick;
  /** The latest write of a restore of it, or a stamp that was taken for one; 0 when there is none. */
  ownAt: Tick;
  mark: RestoredMark | undefined;
}

/** One try. */
interface Attempt {
  readonly entry: RescueEntry;
  readonly overwrites: boolean;
  readonly begun: Tick;
  readonly restored: Restored;
}

export class Restores {
  readonly #world: World;
  readonly #random: SeededRandom;
  /** The person's client: it asks for versions, whatever the volume's does. */
  readonly #store: Store;
  readonly #entries: RescueEntry[] = [];

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new SeededRandom(seed ^ 0x4e5709e);
    this.#store = memoryStore(world.server, { ...world.scenario.store, conditionalWrites: true, parallelWrites: 1 });
  }

  /** The rescue has kept bytes of a file, which it was given at `refusedAt`. */
  keep(id: RescueId, file: ModelFile, refused: RefusedBytes, bytes: readonly Uint8Array[], refusedAt: Tick): void {
    const pieces = refused.ranges.map(({ offset }, at) => ({ offset, bytes: bytes[at] as Uint8Array }));
    const manifest = manifestOf(id, refused, undefined);
    const { credential } = refused;
    const kept = file.keepElsewhere(pieces);
    this.#entries.push({ file, manifest, credential, pieces, kept, refusedAt, ownAt: 0, mark: undefined });
  }

  /** Does one entry of the script; answers in a word how it went. */
  async restore(operation: RestoreOperation): Promise<string> {
    const world = this.#world;
    const entry = this.#choose(operation);
    if (entry === undefined) return "nothing";
    const { overwrites, isSuperuser } = operation;
    const credential = isSuperuser ? superuser : entry.credential;
    const attempt = { entry, overwrites, begun: world.now(), restored: { isDurable: false } };
    world.timeline.add("person", `restores ${entry.manifest.id} of ${world.nameOf(entry.file)} as ${credential.id}`);
    // The cache may meet its own conflict, and what it had is old.
    world.excuses.add("ESTALE");
    const goal = { path: undefined, overwrite: overwrites };
    const call: Call = { credential, signal: neverFires };
    const read = async function* (): AsyncGenerator<Piece> {
      yield* entry.pieces;
    };
    try {
      const progress = await restoreEntry(read, entry.manifest, entry.mark, this.#meeting(attempt), goal, call);
      this.#mark(entry, progress, credential, true);
      await this.#requireWhole(attempt, progress);
      if (!operation.staysAfter) this.#dispose(entry);
      return "ok";
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      if (thrown instanceof RestoreRefused) this.#refused(attempt, thrown, credential);
      return thrown.code;
    }
  }

  /** An entry of the file with this name, the youngest first; where it has none, of any. */
  #choose({ file, age }: RestoreOperation): RescueEntry | undefined {
    const node = this.#world.server.root.entries?.get(name(file))?.id;
    const own = this.#entries.filter((entry) => entry.file.node === node);
    const entries = own.length === 0 ? this.#entries : own;
    return entries.at(-1 - (age % Math.max(1, entries.length)));
  }

  #mark(entry: RescueEntry, progress: RestoreProgress, credential: Credential, complete: boolean): void {
    const { node, path, version, byteCount } = progress;
    const restoredAt = formatWallTime(this.#world.clock.wallTimeNs());
    entry.mark = { complete, restoredAt, path, node, credentialId: credential.id, byteCount, version };
  }

  #refused({ entry }: Attempt, { code, progress }: RestoreRefused, credential: Credential): void {
    if (!progress.hasChanged) return;
    this.#mark(entry, progress, credential, false);
    // A stamp is taken for its own then, and with it what somebody wrote in just that moment.
    const isStamp = (code === "ENOSPC" || code === "EDQUOT") && progress.node === entry.file.node;
    if (isStamp) entry.ownAt = this.#world.now();
  }

  #dispose(entry: RescueEntry): void {
    entry.kept.isDisposedOf = true;
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  /** The server as the person meets it. */
  #meeting(attempt: Attempt): Store {
    return new Proxy(this.#store, {
      get: (target, operation) => {
        const member = Reflect.get(target, operation, target) as unknown;
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => this.#ask(attempt, String(operation), member, given);
      },
    });
  }

  async #ask(attempt: Attempt, operation: string, member: object, given: unknown[]): Promise<unknown> {
    const { clock } = this.#world;
    await delay(clock, this.#random.below(answerMsMax));
    this.#requireWeatherFor(operation, given.at(-1) as Call);
    const result = operation === "write" ? await this.#write(attempt, given) : await this.#plain(member, given);
    if (operation === "commit") attempt.restored.isDurable = true;
    await delay(clock, this.#random.below(answerMsMax));
    if (operation === "write" && this.#random.chance(unheardChance)) {
      this.#world.faults.add("restore unheard");
      throw new Failure("ECONNRESET", { syscall: operation });
    }
    return result;
  }

  #plain(member: object, given: unknown[]): Promise<unknown> {
    return Reflect.apply(member as (...given: unknown[]) => Promise<unknown>, this.#store, given);
  }

  #requireWeatherFor(operation: string, { credential }: Call): void {
    if (untroubled.has(operation)) return;
    const { media, faulty, scenario } = this.#world;
    const victim = scenario.credentials[0]?.id ?? superuser.id;
    const refusal = refusalIn(faulty.weather, operation, credential, victim);
    if (refusal !== undefined) throw new Failure(refusal, { syscall: operation });
    if (faulty.weather.has("hanging")) throw new Failure("ETIMEDOUT", { syscall: operation });
    if (media !== undefined && media.ownSinceMs === undefined) throw new Failure("ENOMEDIUM", { syscall: operation });
  }

  async #write(attempt: Attempt, given: unknown[]): Promise<unknown> {
    const [node, offset, frames, expected, call] = given as Parameters<Store["write"]>;
    const whole = Buffer.concat(frames);
    const isShort = this.#random.chance(shortChance);
    const bytes = isShort ? whole.subarray(0, 1 + this.#random.below(whole.length)) : whole;
    const result = await this.#store.write(node, offset, [bytes], expected, call);
    this.#wrote(attempt, node, offset, bytes);
    return result;
  }

  #wrote({ entry, overwrites, restored }: Attempt, node: NodeId, offset: number, bytes: Uint8Array): void {
    const world = this.#world;
    const file = world.fileOf({ id: node });
    const end = offset + bytes.length;
    const name = `${world.nameOf(file)} [${offset}, ${end})`;
    world.faults.add("restore");
    world.timeline.add("store", `${name} is restored`);
    if (!overwrites) {
      const complaint = complaintOfPlace(entry, file);
      if (complaint !== undefined) world.complain(`${name} is restored: ${complaint} (S5.3)`);
    }
    const tick = world.now();
    file.serverRestored(offset, bytes, restored, tick, world.clock.nowMs());
    if (file === entry.file) entry.ownAt = tick;
  }

  /** Everything was written and committed. */
  async #requireWhole({ entry, begun, restored }: Attempt, { node }: RestoreProgress): Promise<void> {
    const world = this.#world;
    const file = world.fileOf({ id: node });
    const contents = await contentOf(world, file);
    if (contents === undefined) return;
    if (!restored.isDurable) world.require(`${entry.manifest.id} counts as restored, and was not committed (S5.3)`);
    const others = file.server.filter((change) => change.tick > begun && change.restored !== restored);
    for (const { offset, bytes } of entry.pieces) {
      for (let at = offset; at < offset + bytes.length; at++) {
        if (contents[at] === bytes[at - offset]) continue;
        if (others.some((change) => change.start <= at && at < change.end)) continue;
        world.require(`byte ${at} of ${world.nameOf(file)} is not the one of ${entry.manifest.id} (S5.3)`);
      }
    }
  }
}

/** Why a restore that is to leave others' bytes alone must not write to this file now; undefined when it may. */
function complaintOfPlace({ file, manifest, refusedAt, ownAt }: RescueEntry, target: ModelFile): string | undefined {
  if (target !== file) return "the bytes are of another file";
  if (target.changedAt > Math.max(refusedAt, ownAt)) return "it was changed since the bytes were refused";
  if (manifest.refusal.class === "conflict" && ownAt === 0) return "the bytes were in conflict with others'";
  return undefined;
}
