/**
 * A store whose every operation ends in time. The inner operation gets a signal that fires at the deadline or with the
 * caller's own; at that moment the caller gets a `LateFailure`, ETIMEDOUT or EINTR, whatever the inner store does. A store
 * that goes on afterwards may still read or write the frames of the operation: `LateFailure.settled` tells when it is over,
 * and until then (perhaps for ever) those frames belong to nobody and must not be used again. A late answer is what `settled`
 * resolves with; a hold that is granted too late is released.
 *
 *   under way --inner store answers--> answered
 *   under way --deadline passes (ETIMEDOUT), caller's signal fires (EINTR)--> late --inner store answers--> settled
 */
import {
  type ByteCount,
  type ByteOffset,
  type CancelSignal,
  type Clock,
  cancelController,
  Failure,
  type Milliseconds,
  systemClock,
} from "../base/index.ts";
import type {
  AttributeChanges,
  Attributes,
  ChangedAttributes,
  FileSystemStatistics,
  NodeKind,
  Version,
} from "./attributes.ts";
import type { Credential, CredentialSource } from "./credential.ts";
import { LateFailure } from "./late-failure.ts";
import type { StoreManifest } from "./manifest.ts";
import type {
  AccessMode,
  Call,
  DirectoryEntry,
  NodeId,
  ReadResult,
  RenameMode,
  Store,
  StoreChange,
  StoreEntry,
  WriteResult,
} from "./store.ts";

export interface DeadlineOptions {
  /** How long an operation may take. Default: 30 seconds. */
  readonly deadlineMs?: Milliseconds;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Says which credential is good now; what it takes to find out counts as a part of the operation. Default: the given one. */
  readonly credentials?: CredentialSource;
}

/** The operations under way that a signal may cancel, and what does that. */
class Listening {
  readonly operations: Set<() => void> = new Set();
  readonly fire = (): void => {
    for (const cancel of [...this.operations]) cancel();
  };
}

export class DeadlineStore implements Store {
  readonly #inner: Store;
  readonly #clock: Clock;
  readonly #deadlineMs: Milliseconds;
  readonly #credentials: CredentialSource | undefined;
  readonly #listening = new Map<CancelSignal, Listening>();
  /** What ends each operation that is under way as its deadline does. */
  readonly #underWay = new Set<() => void>();
  #lateCount = 0;

  readonly tryRead?: NonNullable<Store["tryRead"]>;

  constructor(inner: Store, options: DeadlineOptions = {}) {
    this.#inner = inner;
    this.#credentials = options.credentials;
    // What is answered at once needs no deadline.
    if (inner.tryRead !== undefined) this.tryRead = tryReadUnder(inner, inner.tryRead, options.credentials);
    this.#clock = options.clock ?? systemClock;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
  }

  get manifest(): StoreManifest {
    return this.#inner.manifest;
  }

  /** How many operations nobody waits for any more, and the store has not ended. */
  get lateCount(): number {
    return this.#lateCount;
  }

  /** The deadline of everything that is under way has come. */
  giveUpAll(): void {
    for (const giveUp of [...this.#underWay]) giveUp();
  }

  /** Runs an operation until it is answered, its time is over, or the caller's signal fires. */
  #limit<Result>(
    syscall: string,
    call: Call,
    start: (limited: Call) => Promise<Result>,
    undo?: () => Promise<unknown>,
  ): Promise<Result> {
    if (call.signal.aborted) return Promise.reject(new Failure("EINTR", { syscall }));
    return new Promise<Result>((resolve, reject) => {
      const controller = cancelController();
      let isOver = false;
      const end = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancelTimer();
        listenNoMore();
        this.#underWay.delete(onDeadline);
        return true;
      };
      const giveUp = (code: "ETIMEDOUT" | "EINTR"): void => {
        if (!end()) return;
        this.#lateCount++;
        const settled = inner.then(
          (result) => this.#settle(undo).then(() => result),
          () => this.#settle(undefined),
        );
        controller.abort(call.signal.reason);
        reject(new LateFailure(code, { syscall, detail: "the store did not answer" }, settled));
      };
      const onCancel = (): void => giveUp("EINTR");
      const onDeadline = (): void => giveUp("ETIMEDOUT");
      const inner = this.#begin(syscall, { credential: call.credential, signal: controller.signal }, start);
      const cancelTimer = this.#clock.after(this.#deadlineMs, onDeadline);
      const listenNoMore = this.#listen(call.signal, onCancel);
      this.#underWay.add(onDeadline);
      inner.then(
        (result) => {
          if (end()) resolve(result);
        },
        (failure: unknown) => {
          if (end()) reject(failure);
        },
      );
    });
  }

  #begin<Result>(syscall: string, limited: Call, start: (limited: Call) => Promise<Result>): Promise<Result> {
    if (this.#credentials === undefined) return start(limited);
    const { signal } = limited;
    return this.#credentials.perform(syscall, limited, (credential) => start({ credential, signal }));
  }

  /**
   * One listener a signal, however many operations it may cancel, and none while it may cancel none: programs keep a signal
   * longer than a store. Answers what ends the listening.
   */
  #listen(signal: CancelSignal, onCancel: () => void): () => void {
    const known = this.#listening.get(signal);
    const listening = known ?? new Listening();
    if (known === undefined) {
      this.#listening.set(signal, listening);
      signal.addEventListener("abort", listening.fire);
    }
    listening.operations.add(onCancel);
    return () => {
      listening.operations.delete(onCancel);
      if (listening.operations.size > 0) return;
      this.#listening.delete(signal);
      signal.removeEventListener("abort", listening.fire);
    };
  }

  /** What a late success brought that nobody will give back is given back here. */
  async #settle(undo: (() => Promise<unknown>) | undefined): Promise<void> {
    this.#lateCount--;
    await undo?.().catch(() => undefined);
  }

  root(call: Call): Promise<StoreEntry> {
    return this.#limit("root", call, (limited) => this.#inner.root(limited));
  }

  lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry> {
    return this.#limit("lookup", call, (limited) => this.#inner.lookup(parent, name, limited));
  }

  getAttributes(node: NodeId, call: Call): Promise<Attributes> {
    return this.#limit("getattr", call, (limited) => this.#inner.getAttributes(node, limited));
  }

  setAttributes(node: NodeId, changes: AttributeChanges, call: Call): Promise<ChangedAttributes> {
    return this.#limit("setattr", call, (limited) => this.#inner.setAttributes(node, changes, limited));
  }

  access(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    return this.#limit("access", call, (limited) => this.#inner.access(node, mode, limited));
  }

  readLink(node: NodeId, call: Call): Promise<string> {
    return this.#limit("readlink", call, (limited) => this.#inner.readLink(node, limited));
  }

  list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]> {
    return this.#limit("readdir", call, (limited) => this.#inner.list(directory, limited));
  }

  createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#limit("open", call, (limited) => this.#inner.createFile(parent, name, mode, limited));
  }

  makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#limit("mkdir", call, (limited) => this.#inner.makeDirectory(parent, name, mode, limited));
  }

  makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry> {
    return this.#limit("symlink", call, (limited) => this.#inner.makeSymbolicLink(parent, name, target, limited));
  }

  makeSpecial(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<StoreEntry> {
    return this.#limit("mknod", call, (limited) => this.#inner.makeSpecial(parent, name, kind, mode, device, limited));
  }

  link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes> {
    return this.#limit("link", call, (limited) => this.#inner.link(node, parent, name, limited));
  }

  remove(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#limit("unlink", call, (limited) => this.#inner.remove(parent, name, limited));
  }

  removeDirectory(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#limit("rmdir", call, (limited) => this.#inner.removeDirectory(parent, name, limited));
  }

  rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    return this.#limit("rename", call, (limited) =>
      this.#inner.rename(fromParent, fromName, toParent, toName, mode, limited),
    );
  }

  hold(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const undo = (): Promise<void> => this.#inner.release(node, mode, { ...call, signal: cancelController().signal });
    return this.#limit("open", call, (limited) => this.#inner.hold(node, mode, limited), undo);
  }

  /** Goes to the store although the caller's signal fired: what is held must be given back. */
  release(node: NodeId, mode: AccessMode, { credential }: Call): Promise<void> {
    const call: Call = { credential, signal: cancelController().signal };
    return this.#limit("close", call, (limited) => this.#inner.release(node, mode, limited));
  }

  read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult> {
    return this.#limit("read", call, (limited) => this.#inner.read(node, offset, frames, limited));
  }

  write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult> {
    return this.#limit("write", call, (limited) => this.#inner.write(node, offset, frames, expected, limited));
  }

  commit(node: NodeId, call: Call): Promise<void> {
    return this.#limit("fsync", call, (limited) => this.#inner.commit(node, limited));
  }

  punchHole(node: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<ChangedAttributes> {
    return this.#limit("fallocate", call, (limited) => this.#inner.punchHole(node, offset, length, limited));
  }

  allocate(
    node: NodeId,
    offset: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    call: Call,
  ): Promise<ChangedAttributes> {
    return this.#limit("fallocate", call, (limited) => this.#inner.allocate(node, offset, length, keepSize, limited));
  }

  seek(node: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    return this.#limit("lseek", call, (limited) => this.#inner.seek(node, offset, whence, limited));
  }

  statistics(node: NodeId, call: Call): Promise<FileSystemStatistics> {
    return this.#limit("statfs", call, (limited) => this.#inner.statistics(node, limited));
  }

  getExtendedAttribute(node: NodeId, name: string, call: Call): Promise<Uint8Array> {
    return this.#limit("getxattr", call, (limited) => this.#inner.getExtendedAttribute(node, name, limited));
  }

  setExtendedAttribute(
    node: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    return this.#limit("setxattr", call, (limited) =>
      this.#inner.setExtendedAttribute(node, name, value, mode, limited),
    );
  }

  listExtendedAttributes(node: NodeId, call: Call): Promise<readonly string[]> {
    return this.#limit("listxattr", call, (limited) => this.#inner.listExtendedAttributes(node, limited));
  }

  removeExtendedAttribute(node: NodeId, name: string, call: Call): Promise<void> {
    return this.#limit("removexattr", call, (limited) => this.#inner.removeExtendedAttribute(node, name, limited));
  }

  watch(listener: (change: StoreChange) => void): () => void {
    return this.#inner.watch(listener);
  }

  close(): Promise<void> {
    const call: Call = { credential: nobody, signal: cancelController().signal };
    return this.#limit("close", call, () => this.#inner.close());
  }
}

function tryReadUnder(
  inner: Store,
  tryRead: NonNullable<Store["tryRead"]>,
  credentials: CredentialSource | undefined,
): NonNullable<Store["tryRead"]> {
  if (credentials === undefined) return tryRead.bind(inner);
  return (node, offset, frames, credential) => {
    const newest = credentials.tryNewest(credential);
    return newest === undefined ? undefined : tryRead.call(inner, node, offset, frames, newest);
  };
}

/** Closing is done in nobody's name. */
const nobody: Credential = { id: "nobody", uid: -1, gid: -1, groups: [] };
