/**
 * An open file description: one open of one node under one credential, with its own read-ahead, its own ear for
 * write-back failures, and the store's word on what it may do.
 *
 *   open ---flush, sync---> open ---release---> closed (everything is EBADF)
 *
 * Invariants
 *   I1  While open, the store holds the node for the handle's credential and mode, the node is used, and has a space.
 *   I2  Cached bytes are shown only while the credential's grant is fresh and no change of access came after
 *       `#accessGeneration`; otherwise the store is asked first (S5.5).
 *   I3  The first dirty byte of a clean file is written only while its attributes are believed, so a change by another
 *       client that is known by then is its base and no conflict.
 *   I4  Bytes are taken only while the credential is not too near its end (S5.7).
 *   I5  A failure of write-back since the open is thrown once, by `flush` or `sync`, whichever comes first (S5.8); of several
 *       the newest about the credential's own bytes, or else the newest.
 */
import { assert, type ByteCount, type ByteOffset, type CancelSignal, Failure, failureFrom } from "../../base/index.ts";
import type { AddressSpace, ErrorCursor, FrameRun, Readahead, UnsentChoice } from "../../cache/index.ts";
import { type Call, type Credential, withoutSetId } from "../../port/index.ts";
import type { Key } from "../credentials/key.ts";
import type { Handle } from "../handle.ts";
import type { AttributeCache } from "../nodes/attribute-cache.ts";
import type { VolumeNode } from "../nodes/volume-node.ts";
import { allowsRead, allowsWrite, openFlags, wantsSync } from "../open-flags.ts";
import { unheardFailure } from "../refusals/failed-writeback.ts";
import { callOf, noSignal, type VolumeCore } from "../volume-core.ts";

const setIdBits = 0o6000;

export interface HandleOrigin {
  readonly fd: number;
  readonly node: VolumeNode;
  readonly flags: number;
  readonly credential: Credential;
  readonly processId: number | undefined;
  /** The node's, when the store was asked for the right: of a change since then nobody knows whether the right outlived it. */
  readonly accessGeneration: number;
}

export class OpenHandle implements Handle {
  readonly fd: number;
  readonly node: VolumeNode;
  readonly flags: number;
  readonly credential: Credential;
  readonly processId: number | undefined;
  readonly path: string;
  readonly readable: boolean;
  readonly writable: boolean;

  readonly #core: VolumeCore;
  readonly #attributes: AttributeCache;
  readonly #closed: (handle: OpenHandle) => Promise<void>;
  readonly #space: AddressSpace;
  readonly #readahead: Readahead;
  readonly #cursor: ErrorCursor;
  /** Of a credential that runs out. */
  readonly #key: Key | null;
  readonly #plainCall: Call;
  /** Whether a write needs nothing but room: no append, no sync. */
  readonly #writesPlainly: boolean;

  #accessGeneration: number;
  #isOpen = true;

  constructor(
    core: VolumeCore,
    attributes: AttributeCache,
    origin: HandleOrigin,
    closed: (handle: OpenHandle) => Promise<void>,
  ) {
    this.#core = core;
    this.#attributes = attributes;
    this.#closed = closed;
    this.fd = origin.fd;
    this.node = origin.node;
    this.flags = origin.flags;
    this.credential = origin.credential;
    this.processId = origin.processId;
    this.path = origin.node.path;
    this.readable = allowsRead(origin.flags);
    this.writable = allowsWrite(origin.flags);
    this.#space = attributes.spaceOf(origin.node);
    this.#readahead = this.#space.newReadahead();
    this.#cursor = this.#space.errors.sample();
    this.#key = core.keyring.use(origin.credential);
    this.#plainCall = callOf(origin.credential);
    this.#writesPlainly = this.writable && !wantsSync(origin.flags) && (origin.flags & openFlags.O_APPEND) === 0;
    this.#accessGeneration = origin.accessGeneration;
  }

  tryRead(position: ByteOffset, target: Uint8Array): number {
    return this.#mayShow() ? this.#space.tryRead(position, target, this.#readahead, this.credential) : -1;
  }

  async readAt(position: ByteOffset, target: Uint8Array, signal: CancelSignal = noSignal): Promise<number> {
    this.#require(this.readable, "read");
    const call = this.#callWith(signal);
    if (!this.#mayShow()) await this.#askAgain(call);
    return this.#space.read(position, target, this.#readahead, call).catch(this.#refusedRead);
  }

  tryReadFrames(position: ByteOffset, length: ByteCount, into: FrameRun): boolean {
    return this.#mayShow() && this.#space.tryReadFrames(position, length, this.#readahead, into, this.credential);
  }

  async readFramesAt(
    position: ByteOffset,
    length: ByteCount,
    into: FrameRun,
    signal: CancelSignal = noSignal,
  ): Promise<void> {
    this.#require(this.readable, "read");
    const call = this.#callWith(signal);
    if (!this.#mayShow()) await this.#askAgain(call);
    return this.#space.readFrames(position, length, this.#readahead, into, call).catch(this.#refusedRead);
  }

  tryWrite(position: ByteOffset, source: Uint8Array): number {
    return this.#mayWritePlainly() ? this.#space.tryWrite(position, source, this.credential) : -1;
  }

  tryAdoptWrite(position: ByteOffset, frames: Uint8Array[], length: ByteCount): number {
    return this.#mayWritePlainly() ? this.#space.tryAdoptWrite(position, frames, length, this.credential) : -1;
  }

  writeAt(position: ByteOffset, source: Uint8Array, signal: CancelSignal = noSignal): Promise<number> {
    return this.#write((this.flags & openFlags.O_APPEND) === 0 ? position : undefined, source, signal);
  }

  writeInPlace(position: ByteOffset, source: Uint8Array, signal: CancelSignal = noSignal): Promise<number> {
    return this.#write(position, source, signal);
  }

  /** Without a position the end of the file is it. */
  async #write(position: ByteOffset | undefined, source: Uint8Array, signal: CancelSignal): Promise<number> {
    this.#require(this.writable, "write");
    const call = this.#callWith(signal);
    if (this.#key?.isWritable === false) await this.#key.requireWritable(this.path, signal);
    if (!this.#knowsBase()) await this.#attributes.refresh(this.node, call);
    await this.#killSetId(call);
    const byteCount =
      position === undefined
        ? (await this.#space.append(source, call)).byteCount
        : await this.#space.write(position, source, call);
    if (wantsSync(this.flags)) {
      await this.#space.sync(call);
      this.#throwUnheard("write");
    }
    return byteCount;
  }

  async truncate(size: ByteCount, signal: CancelSignal = noSignal): Promise<void> {
    this.#require(true, "ftruncate");
    if (!this.writable) throw new Failure("EINVAL", { syscall: "ftruncate", path: this.path });
    const killSetId = this.#hasSetIdToKill();
    await this.#attributes.set(this.node, { size, killSetId }, this.#callWith(signal), this);
  }

  async punchHole(position: ByteOffset, length: ByteCount, signal: CancelSignal = noSignal): Promise<void> {
    this.#require(this.writable, "fallocate");
    const call = this.#callWith(signal);
    await this.#killSetId(call);
    await this.#attributes.change(this.node, this.credential, () => this.#space.punchHole(position, length, call));
  }

  async allocate(
    position: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    signal: CancelSignal = noSignal,
  ): Promise<void> {
    this.#require(this.writable, "fallocate");
    const call = this.#callWith(signal);
    await this.#killSetId(call);
    const reserve = () => this.#space.allocate(position, length, keepSize, call);
    await this.#attributes.change(this.node, this.credential, reserve);
  }

  async seek(position: ByteOffset, whence: "data" | "hole", signal: CancelSignal = noSignal): Promise<ByteOffset> {
    this.#require(true, "lseek");
    const call = this.#callWith(signal);
    if (!this.#mayShow()) await this.#askAgain(call);
    const found = await this.#space.seek(position, whence, call);
    if (found === undefined) throw new Failure("ENXIO", { syscall: "lseek", path: this.path });
    return found;
  }

  async invalidate(
    start: ByteOffset,
    end: ByteOffset,
    unsent: UnsentChoice = "launder",
    signal: CancelSignal = noSignal,
  ): Promise<{ pagesLeft: number }> {
    this.#require(unsent === "launder" || this.writable, "invalidate");
    const answer = await this.#space.invalidate(start, end, this.#callWith(signal), unsent);
    this.#core.expire(this.node);
    this.#core.events.emit("invalidate", { what: "content", node: this.node, start: 0, end: undefined });
    return answer;
  }

  get isFlushed(): boolean {
    const isQuiet = this.#space.dirtyBytes === 0 && !this.#space.isSettling;
    const isSent = !this.writable || this.node.removed || isQuiet;
    return this.#isOpen && isSent && !this.#space.errors.hasNews(this.#cursor);
  }

  async flush(signal: CancelSignal = noSignal): Promise<void> {
    this.#require(true, "close");
    if (this.isFlushed) return;
    if (this.writable && !this.node.removed) await this.#space.writeback("close", this.#callWith(signal));
    this.#throwUnheard("close");
  }

  async sync(signal: CancelSignal = noSignal): Promise<void> {
    this.#require(true, "fsync");
    try {
      await this.#space.sync(this.#callWith(signal));
    } catch (thrown) {
      // An interrupted sync says nothing of the bytes: what this handle has not heard is kept for the next call.
      throw failureFrom(thrown, { syscall: "fsync", path: this.path });
    }
    this.#throwUnheard("fsync");
  }

  async release(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#key?.unuse();
    await this.#closed(this);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whom the store refuses a read is not shown what is cached either, before the store is asked again (S5.5). */
  readonly #refusedRead = (failure: unknown): never => {
    this.#attributes.endGrantFor(this.node, this.credential, failure);
    throw failure;
  };

  checkInvariants(): void {
    assert(this.#isOpen, "a handle in the table is open");
    this.#readahead.checkInvariants();
  }

  #mayShow(): boolean {
    return (
      this.readable &&
      this.#isOpen &&
      this.#accessGeneration === this.node.accessGeneration &&
      this.#attributes.maySee(this.node, this.credential)
    );
  }

  #mayWritePlainly(): boolean {
    const isKeyGood = this.#key === null || this.#key.isWritable;
    return this.#writesPlainly && this.#isOpen && isKeyGood && this.#knowsBase() && !this.#hasSetIdToKill();
  }

  /** Whether the first dirty byte would be based on a version that is still believed; later ones share its base. */
  #knowsBase(): boolean {
    return this.#space.dirtyBytes > 0 || this.#attributes.isFresh(this.node);
  }

  /** Whether a change of the content by this credential ends what the file lends to those who run it. */
  #hasSetIdToKill(): boolean {
    const { mode } = this.node.attributes;
    return (mode & setIdBits) !== 0 && this.credential.uid !== 0 && mode !== withoutSetId(mode);
  }

  async #killSetId(call: Call): Promise<void> {
    if (this.#hasSetIdToKill()) await this.#attributes.set(this.node, { killSetId: true }, call);
  }

  /**
   * Renews the grant; after a change of access a byte is read at the store, which knows what the open still allows. Who may only
   * write is shown no bytes, and hears what else the store allows when it is asked for that.
   */
  async #askAgain(call: Call): Promise<void> {
    const { store } = this.#core;
    await this.#attributes.get(this.node, call);
    const generation = this.node.accessGeneration;
    if (this.#accessGeneration === generation || !this.readable) return;
    try {
      await store.read(this.node.id, 0, [new Uint8Array(1)], call);
    } catch (thrown) {
      throw this.#attributes.refused(this.node, this.credential, failureFrom(thrown, { syscall: "read" }));
    }
    this.#accessGeneration = generation;
  }

  #callWith(signal: CancelSignal): Call {
    return signal === noSignal ? this.#plainCall : { credential: this.credential, signal };
  }

  #require(allowed: boolean, syscall: string): void {
    if (!this.#isOpen || !allowed) throw new Failure("EBADF", { syscall, path: this.path });
  }

  #throwUnheard(syscall: string): void {
    const failure = this.#space.errors.check(this.#cursor, this.credential.id);
    if (failure !== undefined) throw unheardFailure(syscall, this.path, failure);
  }
}
