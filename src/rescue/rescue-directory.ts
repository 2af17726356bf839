/**
 * The rescue store over a directory (`Rescue`): judges the directory before each use, and hands each operation to the file
 * that knows how.
 *
 * I1 Whatever is listed is an entry that was renamed into place, whole and synced; drafts have other names.
 * I2 All that the directory holds is within the limits whenever a draft has been admitted.
 * I3 However many entries are kept or listed at once, a few files are open and a few MiB are copied.
 * I4 What is thrown is a `Failure` that names the directory.
 */
import { constants, type Stats } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  AssertionFailure,
  type ByteCount,
  type CancelSignal,
  type Clock,
  cancelController,
  Failure,
  failureFrom,
} from "../base/index.ts";
import type { Call, Credential, RefusedBytes, RescueId, Store } from "../port/index.ts";
import { diffEntry, type RescueComparison } from "./diff-entry.ts";
import { discardEntry } from "./discard-entry.ts";
import { type Draft, removeDraft } from "./draft.ts";
import { type RescuedPiece, readBytes, verifyBytes } from "./entry-bytes.ts";
import { isEntryId } from "./entry-id.ts";
import { lockEntry } from "./entry-lock.ts";
import { type Holdings, Inventory } from "./inventory.ts";
import { keepEntry } from "./keep-entry.ts";
import { codeOf, filesOf, passingId } from "./layout.ts";
import type { RescueManifest } from "./manifest.ts";
import { readManifest } from "./read-manifest.ts";
import type { DiffOptions, EntryFate, Rescue, RescueEntry, RestoreOptions, RestoreResult } from "./rescue.ts";
import { type RestoreProgress, RestoreRefused, restoreEntry } from "./restore-entry.ts";
import { type RestoredMark, readMark, writeMark } from "./restored-mark.ts";
import { Slots } from "./slots.ts";
import { formatWallTime } from "./wall-time.ts";

/** Each has two files open, and copies 1 MiB at a time. */
const keepsAtOnceMax = 4;
const looksAtOnceMax = 32;

export interface RescueDirectoryOptions {
  readonly storeUrl: string | undefined;
  readonly bytesMax: ByteCount;
  readonly entriesMax: number;
  readonly clock: Clock;
  /** `identityOf` the directory. */
  readonly identity: string;
}

export class RescueDirectory implements Rescue {
  readonly directory: string;
  readonly bytesMax: ByteCount;
  readonly entriesMax: number;
  readonly #options: RescueDirectoryOptions;
  readonly #inventory: Inventory;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #keepSlots = new Slots(keepsAtOnceMax);
  #lastAdmission: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** Whether something was kept while another directory was at the path, as under a mount point: it may be out of sight again. */
  #hasMoved = false;

  constructor(directory: string, options: RescueDirectoryOptions) {
    this.directory = directory;
    this.bytesMax = options.bytesMax;
    this.entriesMax = options.entriesMax;
    this.#options = options;
    this.#inventory = new Inventory(directory);
  }

  keep(refused: RefusedBytes, signal: CancelSignal): Promise<RescueId> {
    return this.#run("keep", async () => {
      using _slot = await this.#keepSlots.take();
      this.#hasMoved ||= identityOf(await requireOwnersOnly(this.directory)) !== this.#options.identity;
      const terms = {
        directory: this.directory,
        storeUrl: this.#options.storeUrl,
        admit: (reserve: () => Promise<Draft>) => this.#admit(reserve),
      };
      return await keepEntry(refused, terms, signal);
    });
  }

  /** One after the other, so that of two drafts which only fit alone the first gets in, and not none. */
  #admit(reserve: () => Promise<Draft>): Promise<Draft> {
    const admission = this.#lastAdmission.then(async () => {
      const draft = await reserve();
      try {
        await this.#requireRoom();
        return draft;
      } catch (thrown) {
        await removeDraft(draft.directory);
        await draft.bytes.close();
        throw thrown;
      }
    });
    this.#lastAdmission = admission.catch(() => undefined);
    return admission;
  }

  async #requireRoom(): Promise<void> {
    const { entryCount, byteCount } = await this.#inventory.measure();
    if (entryCount > this.entriesMax) throw this.#full(`the limit of ${this.entriesMax} entries`);
    if (byteCount > this.bytesMax) throw this.#full(`the limit of ${this.bytesMax} bytes`);
  }

  #full(limit: string): Failure {
    const detail = `${limit} of the rescue directory is reached; discard entries, or raise it`;
    return new Failure("ENOSPC", { syscall: "rescue keep", path: this.directory, detail });
  }

  holdings(): Promise<Holdings> {
    return this.#run("measure", () => this.#inventory.measure());
  }

  list(): Promise<readonly RescueEntry[]> {
    return this.#run("list", async () => {
      const ids = await this.#ids();
      const entries: RescueEntry[] = [];
      for (let at = 0; at < ids.length; at += looksAtOnceMax) {
        const found = await Promise.all(ids.slice(at, at + looksAtOnceMax).map((id) => this.#look(id)));
        for (const entry of found) if (entry !== undefined) entries.push(entry);
      }
      return entries;
    });
  }

  find(beginning: string): Promise<RescueId> {
    return this.#run("find", async () => {
      const found = (await this.#ids()).filter((id) => id.startsWith(beginning.toLowerCase()));
      const [id, another] = found;
      if (id === undefined || beginning === "") throw this.#noEntry(beginning);
      if (another === undefined) return id;
      throw new Failure("EINVAL", { detail: `${found.length} entries begin with "${beginning}": ${id}, ${another}` });
    });
  }

  fateOf(id: RescueId): Promise<EntryFate> {
    return this.#run("look", async () => {
      const mark = await readMark(this.directory, id);
      if (mark?.complete === true) return "restored";
      if (mark !== undefined && mark.byteCount > 0) return "partlyRestored";
      if (await isThere(join(this.directory, id))) return "kept";
      const isOpened = identityOf(await stat(this.directory)) === this.#options.identity;
      if (isOpened && !this.#hasMoved) return "gone";
      const when = isOpened ? "was another one meanwhile" : "is not the one that was opened";
      throw new Failure("ESTALE", { detail: `the rescue directory ${when}` });
    });
  }

  show(id: RescueId): Promise<RescueEntry> {
    return this.#run("show", async () => {
      const entry = await this.#look(id);
      if (entry === undefined) throw this.#noEntry(id);
      if (entry.state !== "whole") return entry;
      try {
        await verifyBytes(readBytes(this.directory, entry.manifest));
        return entry;
      } catch (thrown) {
        const failure = failureFrom(thrown);
        if (failure.code !== "EBADMSG") throw failure;
        return { id, state: "damaged", why: failure.message };
      }
    });
  }

  async *read(id: RescueId): AsyncGenerator<RescuedPiece, void, void> {
    const manifest = await this.#run("read", () => this.#manifest(id));
    try {
      yield* readBytes(this.directory, manifest);
    } catch (thrown) {
      throw directoryFailure(thrown, "read", this.directory);
    }
  }

  diff(id: RescueId, store: Store, options: DiffOptions = {}): Promise<RescueComparison> {
    return this.#run("diff", async () => {
      const manifest = await this.#manifest(id);
      return diffEntry(this.directory, manifest, store, callFor(manifest, options.credential, options.signal));
    });
  }

  restore(id: RescueId, store: Store, options: RestoreOptions = {}): Promise<RestoreResult> {
    return this.#run("restore", async () => {
      await this.#manifest(id);
      await using _lock = await lockEntry(this.directory, id);
      // Looked at again: it may have been discarded before the lock was ours.
      const manifest = await this.#manifest(id);
      const mark = await readMark(this.directory, id);
      const call = callFor(manifest, options.credential, options.signal);
      const goal = { path: options.path, overwrite: options.overwrite ?? false };
      try {
        const read = (): AsyncIterable<RescuedPiece> => readBytes(this.directory, manifest);
        const progress = await restoreEntry(read, manifest, mark, store, goal, call);
        const { path, node, version, byteCount, isNew } = progress;
        const entry = await this.#settle(id, progress, call.credential, options);
        return { id, path, node, version, byteCount, isNew, entry };
      } catch (thrown) {
        const { progress } = thrown instanceof RestoreRefused ? thrown : {};
        if (progress?.hasChanged === true) {
          await this.#mark(id, progress, call.credential, false).catch(() => undefined);
        }
        throw thrown;
      }
    });
  }

  /** After a full restore. The bytes are safe in the store by now, so a mark that cannot be set is no failure. */
  async #settle(
    id: RescueId,
    progress: RestoreProgress,
    credential: Credential,
    { discard: discards = false, before }: RestoreOptions,
  ): Promise<RestoreResult["entry"]> {
    try {
      if (before !== undefined) {
        await using _lock = await lockEntry(this.directory, before);
        await this.#mark(before, { ...progress, byteCount: 0 }, credential, false);
      }
      if (discards) await discardEntry(this.directory, id);
      else await this.#mark(id, progress, credential, true);
      return discards ? "discarded" : "marked";
    } catch {
      return "kept";
    }
  }

  #mark(id: RescueId, progress: RestoreProgress, credential: Credential, complete: boolean): Promise<void> {
    const { path, node, version, byteCount } = progress;
    const restoredAt = formatWallTime(this.#options.clock.wallTimeNs());
    const mark: RestoredMark = { complete, restoredAt, path, node, credentialId: credential.id, byteCount, version };
    return writeMark(this.directory, id, mark);
  }

  discard(id: RescueId): Promise<void> {
    return this.#run("discard", async () => {
      const entry = await this.#look(id);
      if (entry === undefined) throw this.#noEntry(id);
      if (entry.state === "newer") throw newerVersion(id, entry.format);
      await using _lock = await lockEntry(this.directory, id);
      await discardEntry(this.directory, id);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The ids of all entries, ascending, so the oldest first. */
  async #ids(): Promise<RescueId[]> {
    return (await readdir(this.directory)).filter(isEntryId).sort();
  }

  /** What is known of an entry without reading its bytes; undefined when it is not there. */
  async #look(id: RescueId): Promise<RescueEntry | undefined> {
    if (!isEntryId(id)) return undefined;
    const reading = await readManifest(filesOf(this.directory, id).manifest, id);
    if (reading.state === "whole") {
      return { id, state: "whole", manifest: reading.manifest, restored: await readMark(this.directory, id) };
    }
    // What has no manifest may have been discarded since it was listed.
    if (reading.state === "damaged" && !(await isDirectory(join(this.directory, id)))) return undefined;
    return { id, ...reading };
  }

  async #manifest(id: RescueId): Promise<RescueManifest> {
    const entry = await this.#look(id);
    if (entry === undefined) throw this.#noEntry(id);
    if (entry.state === "newer") throw newerVersion(id, entry.format);
    if (entry.state === "whole") return entry.manifest;
    throw new Failure("EBADMSG", { detail: `rescue entry ${id} is damaged: ${entry.why}` });
  }

  #noEntry(id: string): Failure {
    return new Failure("ENOENT", { detail: `no rescue entry "${id}" is in ${this.directory}` });
  }

  /** Runs an operation; `close` waits for it, and what it throws is a `Failure` that names the directory. */
  async #run<Result>(what: string, operation: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new Failure("EBADF", { syscall: `rescue ${what}`, detail: "the rescue store is closed" });
    const running = operation();
    this.#underWay.add(running);
    try {
      return await running;
    } catch (thrown) {
      throw directoryFailure(thrown, what, this.directory);
    } finally {
      this.#underWay.delete(running);
    }
  }
}

/** What a file call in a rescue directory threw, as a failure that names the directory. */
export function directoryFailure(thrown: unknown, what: string, directory: string): unknown {
  if (thrown instanceof AssertionFailure) return thrown;
  return failureFrom(thrown, { syscall: `rescue ${what}`, path: directory });
}

/** Tells one directory from another that has its path later. */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** What the directory is. Rejects unless it is there, is this user's own and is closed to all others. */
export async function requireOwnersOnly(directory: string): Promise<Stats> {
  const found = await stat(directory);
  const uid = process.geteuid?.();
  if (!found.isDirectory()) throw new Failure("ENOTDIR", { path: directory, detail: "rescue wants a directory" });
  if (uid !== undefined && found.uid !== uid) {
    throw new Failure("EPERM", {
      path: directory,
      detail: `the rescue directory belongs to user ${found.uid}, not to ${uid}`,
    });
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
    const advice = (await hasOnlyEntries(directory))
      ? `close it: chmod 700 ${directory}`
      : "keep rescued bytes in a directory of their own, made with mkdir -m 700";
    const detail = `the rescue directory is open to others (mode ${mode}); ${advice}`;
    throw new Failure("EPERM", { path: directory, detail });
  }
  return found;
}

/** Whether there is nothing of anybody else's in the directory, so that closing it harms nobody. */
async function hasOnlyEntries(directory: string): Promise<boolean> {
  const names = await readdir(directory);
  return names.every((name) => isEntryId(name) || passingId(name) !== undefined);
}

/** Rejects when nothing can be written to the directory: EROFS on a read-only disk. */
export async function requireWritable(directory: string): Promise<void> {
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return false;
    throw thrown;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function newerVersion(id: RescueId, format: number): Failure {
  const detail = `rescue entry ${id} was written by a newer version (format ${format}); use that version`;
  return new Failure("ENOTSUP", { detail });
}

function callFor(manifest: RescueManifest, credential: Credential | undefined, signal: CancelSignal | undefined): Call {
  return { credential: credential ?? manifest.credential, signal: signal ?? cancelController().signal };
}
