/**
 * A session: one connection with the kernel, from INIT to its end. It takes requests one by one, gives each to its
 * handler, and knows how answers are sent.
 *
 *   begun --INIT agreed--> ready --DESTROY, unmounted, aborted--> ended
 *     \--INIT refused--> ended
 *
 * I1 Every request that expects an answer gets exactly one: in the turn that read it, or when its promise settles.
 * I2 After the end nothing is answered. That nothing is asked before INIT has been answered is the kernel's to see to.
 * I3 A node or an open file that an answer hands over is counted before the answer goes out, and taken back when the
 *    kernel did not take it.
 */
import {
  AssertionFailure,
  type Clock,
  type ErrorCode,
  encodeFileName,
  errnoOf,
  type Failure,
  failureFrom,
  type Milliseconds,
} from "../../base/index.ts";
import { FrameRun } from "../../cache/index.ts";
import type { Node, Volume } from "../../files/index.ts";
import type { Attributes, Call, Credential } from "../../port/index.ts";
import type { Channel } from "../device/channel.ts";
import {
  attrOutBytes,
  encodeAttributeAnswer,
  encodeEntry,
  entryOutBytes,
  type Validity,
  validityOf,
} from "../wire/attributes.ts";
import { describeRequest } from "../wire/describe.ts";
import type { Agreement } from "../wire/init.ts";
import { opcodeName, opcodeRow } from "../wire/opcode.ts";
import { Reply } from "../wire/reply.ts";
import { headerBytes, type Request } from "../wire/request.ts";
import { Callers } from "./callers.ts";
import type { KernelNotices } from "./kernel-notices.ts";
import type { MountLog } from "./mount-log.ts";
import { NodeReferences } from "./node-references.ts";
import { OpenTable } from "./open-table.ts";
import { PayloadPool } from "./payload-pool.ts";
import { mayBeRefused, type PendingRequest, PendingRequests } from "./pending-requests.ts";
import { SessionCounters } from "./session-counters.ts";

/** Answers a request, in this turn or through `session.later`. */
export type Handler = (session: Session, request: Request) => void;

export interface SessionDependencies {
  readonly volume: Volume;
  readonly channel: Channel;
  readonly notices: KernelNotices;
  readonly handlers: readonly (Handler | undefined)[];
  readonly clock: Clock;
  readonly log: MountLog;
  /** How long the kernel believes what it is answered. */
  readonly timeouts: { readonly attributeTimeoutMs: Milliseconds; readonly entryTimeoutMs: Milliseconds };
  readonly callers?: Callers;
}

export interface SessionEvents {
  /** INIT was agreed upon. */
  ready(agreement: Agreement): void;
  /** The kernel cannot be served, or says that it is over. */
  over(failure?: Failure): void;
  /** A request that waited was answered. */
  answered(): void;
  /** There is room for requests again. */
  room(): void;
}

export class Session {
  readonly volume: Volume;
  readonly notices: KernelNotices;
  readonly callers: Callers;
  readonly pageSize: number;
  readonly reply: Reply = new Reply();
  readonly open: OpenTable = new OpenTable();
  readonly pending: PendingRequests = new PendingRequests();
  readonly payloads: PayloadPool = new PayloadPool();
  readonly references: NodeReferences;
  readonly counters: SessionCounters = new SessionCounters();
  readonly events: SessionEvents;
  readonly log: MountLog;
  /** For reads that are answered in the same turn. */
  readonly frameRun: FrameRun = new FrameRun();
  readonly attributeValidity: Validity;
  readonly entryValidity: Validity;

  readonly #channel: Channel;
  readonly #handlers: readonly (Handler | undefined)[];
  agreement: Agreement | undefined;
  #ending = false;
  #over = false;

  constructor(dependencies: SessionDependencies, events: SessionEvents) {
    this.volume = dependencies.volume;
    this.notices = dependencies.notices;
    this.callers = dependencies.callers ?? new Callers(dependencies.clock);
    this.references = new NodeReferences(dependencies.volume);
    this.pageSize = dependencies.volume.snapshot().cache.pageSize;
    this.attributeValidity = validityOf(dependencies.timeouts.attributeTimeoutMs);
    this.entryValidity = validityOf(dependencies.timeouts.entryTimeoutMs);
    this.events = events;
    this.log = dependencies.log;
    this.#channel = dependencies.channel;
    this.#handlers = dependencies.handlers;
  }

  /** Serves one request. Whatever it holds, nothing is thrown. */
  serve(request: Request): void {
    if (this.#ending) return;
    const malformation = request.malformation();
    if (malformation !== undefined) {
      this.#refuseMalformed(request);
      return;
    }
    const { opcode } = request;
    this.counters.requestReceived(opcode);
    const handler = this.#handlers[opcode];
    if (handler === undefined) {
      if (opcodeRow(opcode)?.answer !== "silence") this.refuse(request.unique, "ENOSYS");
      return;
    }
    try {
      handler(this, request);
    } catch (thrown) {
      this.refuse(request.unique, this.#codeOf(thrown, opcode));
    }
  }

  #refuseMalformed(request: Request): void {
    this.counters.malformed += 1;
    if (this.counters.malformed <= malformedLogged) {
      this.log("warn", "malformed request from the kernel", { request: describeRequest(request) });
    }
    const answerable = request.length >= headerBytes && opcodeRow(request.opcode)?.answer === "answer";
    if (answerable) this.refuse(request.unique, "EPROTO");
  }

  /** The node that a request names, or undefined after refusing it with ESTALE. */
  nodeOf(request: Request, number: number = request.nodeNumber): Node | undefined {
    const node = this.volume.node(number);
    if (node === undefined) this.refuse(request.unique, "ESTALE");
    return node;
  }

  /**
   * Lets a request wait: `work` answers it by `unique`, or throws what it is refused with. When too much waits already and
   * nothing moves (the device is not read otherwise), it is refused with ENOMEM, unless refusing it would lose something.
   */
  later(
    request: Request,
    work: (pending: PendingRequest) => Promise<void>,
    credential?: Credential,
    heldBytes = 0,
  ): void {
    if (this.pending.isFull && mayBeRefused(request)) {
      this.refuse(request.unique, "ENOMEM");
      return;
    }
    const asking = credential ?? this.callers.credentialOf(request);
    void this.#run(this.pending.begin(request.unique, request.opcode, asking, heldBytes), work);
  }

  async #run(pending: PendingRequest, work: (pending: PendingRequest) => Promise<void>): Promise<void> {
    try {
      await work(pending);
    } catch (thrown) {
      this.refuse(pending.unique, this.#codeOf(thrown, pending.opcode));
    } finally {
      const wasFull = this.pending.isFull;
      this.pending.end(pending);
      this.events.answered();
      if (wasFull && !this.pending.isFull) this.events.room();
    }
  }

  #codeOf(thrown: unknown, opcode: number): ErrorCode {
    const failure = failureFrom(thrown);
    if (thrown instanceof AssertionFailure || (failure.code === "EIO" && failure !== thrown)) {
      const stack = thrown instanceof Error ? thrown.stack : String(thrown);
      this.log("error", "a request failed in a way that it should not", { opcode: opcodeName(opcode), stack });
    }
    return failure.code;
  }

  refuse(unique: number, code: ErrorCode): void {
    if (this.#over) return;
    this.counters.answeredWithError(code);
    this.reply.header(unique, errnoOf(code), 0);
    this.#channel.send(this.reply, 0);
  }

  /** Sends the body that was put into `reply`; false when nobody waits for it any more. */
  answer(unique: number, bodyBytes = 0): boolean {
    if (this.#over) return false;
    this.reply.header(unique, 0, bodyBytes);
    return this.#channel.send(this.reply, bodyBytes);
  }

  answerViews(unique: number, views: readonly Uint8Array[], byteCount: number): void {
    if (this.#over) return;
    this.reply.header(unique, 0, byteCount);
    this.#channel.sendViews(this.reply, views);
  }

  /** Sends bytes of any length as the body. */
  answerBytes(unique: number, bytes: Uint8Array): void {
    if (bytes.length === 0) this.answer(unique);
    else this.answerViews(unique, [bytes], bytes.length);
  }

  /** Sends a string with its bytes as file names have them. */
  answerText(unique: number, text: string): void {
    this.answerBytes(unique, encodeFileName(text));
  }

  answerAttributes(unique: number, attributes: Attributes): void {
    encodeAttributeAnswer(this.reply, attributes, this.attributeValidity);
    this.answer(unique, attrOutBytes);
  }

  /** Hands a node over; the kernel holds one reference more when it takes the answer. */
  answerNode(unique: number, node: Node, attributes: Attributes): void {
    const known = this.putEntry(0, node, attributes);
    if (!this.answer(unique, entryOutBytes)) this.references.remove(known.number, 1);
  }

  /** Puts an entry into the reply and counts its reference; answers with the node that it names. */
  putEntry(at: number, node: Node, attributes: Attributes): Node {
    const known = this.references.add(node);
    encodeEntry(this.reply, at, known.number, attributes, this.entryValidity, this.attributeValidity);
    return known;
  }

  /** What the caller may be shown of a node's attributes, from the cache or from the store. */
  async attributesOf(node: Node, call: Call): Promise<Attributes> {
    return this.volume.tryGetAttributes(node, call.credential) ?? this.volume.getAttributes(node, call);
  }

  /**
   * Ends the session: no more requests are served, those that wait hear it through their signals and are answered, and
   * what the kernel held is given back. Dirty bytes stay with the volume.
   */
  async end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.pending.interruptAll();
    await this.pending.idle();
    this.#over = true;
    await this.open.releaseAll();
    this.references.releaseAll();
  }
}

/** More of them are counted but not logged. */
const malformedLogged = 100;
