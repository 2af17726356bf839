/**
 * A file as the model knows it: slow and obvious. It remembers every change, local ones as an interval of ticks, the
 * server's at one tick each, and says of a byte that was read whether it may be there.
 *
 * Words. A *local* change is one through the cache; the *server's* changes are what reached the store, local ones and those
 * of other clients. The *base* is the server's content when the list of changes was last emptied. What programs may see of
 * a byte is a local change that no later one has replaced, or, when the latest local change of it has been taken by the
 * server, what the server had at some time since.
 */
import { BytePattern, writeIdMax } from "./byte-pattern.ts";
import { type LocalChange, notEnded, type RefusedRun, type Restored, type ServerChange, type Tick } from "./change.ts";
import { Failures } from "./failures.ts";
import { Fates } from "./fates.ts";
import { KeptCopies } from "./kept-copies.ts";

/** The longest file of a simulation. */
export const fileBytesMax: number = 64 * 1024;

/** The writes that bytes tell of which are kept elsewhere, and may come back. */
export interface KeptIds {
  readonly ids: ReadonlySet<number>;
  /** They are kept no more; what came back is known for the server's when all is settled. */
  isDisposedOf: boolean;
}

/** How a file came to lose its last name. */
export type Removal = "here" | "elsewhere";

export class ModelFile {
  readonly node: string;
  readonly number: number;
  readonly pattern: BytePattern;
  readonly base: Uint8Array = new Uint8Array(fileBytesMax);
  baseSize = 0;
  readonly locals: LocalChange[] = [];
  readonly server: ServerChange[] = [];
  /** The server's content now. */
  readonly content: Uint8Array = new Uint8Array(fileBytesMax);
  size = 0;
  readonly fates: Fates;
  /** What the server refused, and the cache gave to be rescued. */
  readonly refused: RefusedRun[] = [];
  /** Refused bytes that are kept elsewhere, and of which nobody has been told. */
  untold: { readonly runs: readonly RefusedRun[] }[] = [];
  /** Refused bytes that a person may restore, or has restored since all was settled. */
  keptElsewhere: KeptIds[] = [];
  /** When the server last changed the content. */
  changedAt: Tick = 0;
  /** Refused bytes that are in memory only. */
  unrescuedCount = 0;
  readonly failures: Failures = new Failures();
  /** Cuts and punches under way: what is dirty may be going. */
  cutsUnderWay = 0;
  readonly copies: KeptCopies = new KeptCopies(this);
  /** Every name that it has had; the last one the server had. */
  readonly names: Set<string> = new Set();
  name = "";
  removed: Removal | undefined;
  /** Writes that the server has done, once or twice, and of which the cache has not heard, or heard that they failed. */
  unansweredCount = 0;
  /** When the latest fsync that succeeded began. */
  syncedAt: Tick = 0;
  #lastId = 0;

  constructor(node: string, number: number) {
    this.node = node;
    this.number = number;
    this.pattern = BytePattern.of(number);
    this.fates = new Fates(this.locals, fileBytesMax);
  }

  /** An id that no byte of the file tells; 0 when there is none left. */
  newId(): number {
    for (let tries = 0; tries < writeIdMax; tries++) {
      this.#lastId = (this.#lastId % writeIdMax) + 1;
      if (!this.#isUsed(this.#lastId)) return this.#lastId;
    }
    return 0;
  }

  #isUsed(id: number): boolean {
    if (this.locals.some(({ valueId }) => valueId === id)) return true;
    if (this.server.some(({ valueId }) => valueId === id) || this.copies.tells(id)) return true;
    return this.#idsOfBase.has(id) || this.keptElsewhere.some(({ ids }) => ids.has(id));
  }

  #idsOfBase: Set<number> = new Set();

  /** A local change begins. An append gives -1 for its start. */
  begin(
    kind: LocalChange["kind"],
    start: number,
    end: number,
    valueId: number,
    credentialId: string,
    now: Tick,
  ): LocalChange {
    const number = this.locals.length + 1;
    const change: LocalChange = {
      kind,
      number,
      credentialId,
      valueId,
      start,
      end,
      begun: now,
      ended: notEnded,
      isVoid: false,
      isWrittenAnew: false,
    };
    this.locals.push(change);
    if (kind !== "write") this.cutsUnderWay += 1;
    return change;
  }

  /** A local change ended; of a write, `byteCount` bytes from its start were acknowledged. */
  end(change: LocalChange, now: Tick, byteCount?: number): void {
    const offeredEnd = change.end;
    change.ended = now;
    if (change.kind !== "write") this.cutsUnderWay -= 1;
    if (byteCount === undefined) {
      if (change.kind !== "write") {
        this.#claim(change);
        this.fates.cut(change);
      }
    } else {
      change.end = change.start + byteCount;
      this.fates.acknowledge(change);
    }
    this.copies.changed(change, offeredEnd);
  }

  /** A cut that has succeeded was made by the server, though it may have been taken for an equal one that is not over. */
  #claim(cut: LocalChange): void {
    if (this.server.some(({ local }) => local === cut)) return;
    const isEqual = (other: LocalChange | undefined): boolean =>
      other !== undefined &&
      other.kind === cut.kind &&
      other.start === cut.start &&
      other.end === cut.end &&
      (other.isVoid || other.ended === notEnded);
    const made = this.server.find(({ tick, local }) => tick > cut.begun && isEqual(local));
    if (made !== undefined) made.local = cut;
  }

  /** A local change failed: of a write nothing was done; a cut or punch may still be made by the server. */
  fail(change: LocalChange, now: Tick): void {
    change.ended = now;
    change.isVoid = true;
    if (change.kind !== "write") this.cutsUnderWay -= 1;
    this.copies.changed(change, change.end);
  }

  /** Whether the cache may find that the file has changed: others changed it, or a change of its own was answered wrongly. */
  get isNews(): boolean {
    if (this.unansweredCount > 0 || this.refused.length > 0) return true;
    return this.server.some(({ local }) => local === undefined || local.isVoid || local.ended === notEnded);
  }

  /** The server changed bytes [start, end) to those of a write, or to zeros. */
  serverWrote(start: number, end: number, valueId: number, local: LocalChange | undefined, tick: Tick, atMs: number) {
    const to = Math.min(end, fileBytesMax);
    if (valueId === 0) this.content.fill(0, start, to);
    else this.content.set(this.pattern.bytes(valueId, start, to - start), start);
    if (end !== Number.POSITIVE_INFINITY && end > this.size && valueId !== 0) this.size = end;
    this.#serverChanged({ start, end, valueId, contents: undefined, local, tick, atMs, sizeAfter: this.size });
  }

  serverResized(size: number, local: LocalChange | undefined, tick: Tick, atMs: number): void {
    this.size = size;
    this.content.fill(0, size);
    const end = Number.POSITIVE_INFINITY;
    this.#serverChanged({ start: size, end, valueId: 0, contents: undefined, local, tick, atMs, sizeAfter: size });
  }

  /** The server went back to an earlier content: what it took since is lost, and the cache does not send it again. */
  serverLost(contents: Uint8Array, tick: Tick, atMs: number): void {
    this.content.fill(0);
    this.content.set(contents);
    this.size = contents.length;
    this.#broughtBack(0, Number.POSITIVE_INFINITY, tick, atMs, undefined);
  }

  /** The server has bytes again that it had refused: the volume knows nothing of that. */
  serverRestored(start: number, bytes: Uint8Array, restored: Restored, tick: Tick, atMs: number): void {
    this.content.set(bytes, start);
    this.size = Math.max(this.size, start + bytes.length);
    this.#broughtBack(start, start + bytes.length, tick, atMs, restored);
  }

  #broughtBack(start: number, end: number, tick: Tick, atMs: number, restored: Restored | undefined): void {
    const contents = this.content.slice();
    const change = { start, end, valueId: -1, contents, local: undefined, tick, atMs, sizeAfter: this.size };
    this.#serverChanged(restored === undefined ? change : { ...change, restored });
  }

  #serverChanged(change: ServerChange): void {
    this.server.push(change);
    this.changedAt = change.tick;
  }

  /** Refused bytes are kept elsewhere: what they tell is not told anew. */
  keepElsewhere(pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[]): KeptIds {
    const ids = new Set<number>();
    for (const { offset, bytes } of pieces) this.#addIds(ids, bytes, bytes.length, offset);
    const kept: KeptIds = { ids, isDisposedOf: false };
    this.keptElsewhere.push(kept);
    return kept;
  }

  /** An acknowledged byte whose write ended before `from` and of which nothing is known or told; in words. */
  openBefore(from: Tick): string | undefined {
    for (const { runs } of this.untold) {
      const run = runs.find(({ change }) => change.ended < from);
      if (run !== undefined) return `bytes [${run.start}, ${run.end}) are refused, and nobody was told (S5.8)`;
    }
    return this.fates.unsentBefore(from);
  }

  /** Whether bytes may have been cut since then: what became of them is not certain. */
  hasCutSince(tick: Tick): boolean {
    return this.locals.some((change) => change.kind !== "write" && change.ended >= tick);
  }

  /** Everything is equal now: the past is forgotten. Nothing local is under way or unsent. */
  settle(): void {
    this.base.set(this.content);
    this.baseSize = this.size;
    this.locals.length = 0;
    this.server.length = 0;
    this.refused.length = 0;
    this.unansweredCount = 0;
    this.fates.reset();
    this.keptElsewhere = this.keptElsewhere.filter(({ isDisposedOf }) => !isDisposedOf);
    this.#idsOfBase = new Set();
    this.#addIds(this.#idsOfBase, this.content, this.size, 0);
  }

  /** Adds what the first `count` bytes tell, which lie from `offset` of the file on. */
  #addIds(ids: Set<number>, bytes: Uint8Array, count: number, offset: number): void {
    for (let at = 0; at < count; at += this.pattern.runLength(bytes, at, count)) {
      ids.add(this.pattern.idOf(bytes[at] as number, offset + at));
    }
  }

  /** The local write whose byte this is. */
  writeOf(byte: number, offset: number): LocalChange | undefined {
    const id = this.pattern.idOf(byte, offset);
    if (id === 0) return undefined;
    for (let at = this.locals.length - 1; at >= 0; at--) {
      const change = this.locals[at] as LocalChange;
      if (change.valueId !== id || change.isVoid) continue;
      if (change.start >= 0 && change.start <= offset && offset < change.end) return change;
    }
    return undefined;
  }

  /** Bytes from `offset` on, cut where another write begins; a piece without a write is of nobody here. */
  *runsOf(
    offset: number,
    bytes: Uint8Array,
  ): Iterable<{ start: number; end: number; change: LocalChange | undefined }> {
    for (let at = 0; at < bytes.length; ) {
      const start = offset + at;
      const change = this.writeOf(bytes[at] as number, start);
      let end = start + this.pattern.runLength(bytes, at, bytes.length);
      if (change !== undefined && change.end < end) end = change.end;
      yield { start, end, change };
      at = end - offset;
    }
  }

  /** The place of an append is known now. */
  place(change: LocalChange, start: number): void {
    change.end += start - Math.max(0, change.start);
    change.start = start;
  }

  /** A byte that an fsync, or a restore, has promised and that is not in these contents; in words. */
  promiseBrokenBy(contents: Uint8Array): string | undefined {
    for (let at = 0; at < this.size; at++) {
      if (contents[at] === this.content[at]) continue;
      const { restored } = this.server.findLast(({ start, end }) => start <= at && at < end) ?? {};
      if (restored?.isDurable === true) return `byte ${at} is lost although it was restored (S5.3)`;
      if (restored !== undefined) continue;
      const write = this.writeOf(this.content[at] as number, at);
      if (write !== undefined && write.ended < this.syncedAt && !this.#isRefused(write, at)) {
        return `byte ${at} of write ${write.number} is lost although an fsync that began at ${this.syncedAt} succeeded after it (G12)`;
      }
    }
    return undefined;
  }

  /** Whether a byte of a write was refused and rescued: no fsync promises it, though the server may have done it all the same. */
  #isRefused(write: LocalChange, at: number): boolean {
    return this.refused.some(({ change, start, end }) => change === write && start <= at && at < end);
  }

  /** Whether the server's bytes, and its size, are these. */
  isServer(bytes: Uint8Array): boolean {
    return bytes.length === this.size && Buffer.compare(bytes, this.content.subarray(0, this.size)) === 0;
  }
}
