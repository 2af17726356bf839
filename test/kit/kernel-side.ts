/**
 * The kernel's side of a FUSE session, for unit tests: makes requests byte by byte, hands them to a real session over a
 * real volume, and takes the answers apart. What it sends has the layout of recorded packets (test/unit/fuse/wire).
 */
import { systemClock } from "../../src/base/index.ts";
import type { Volume } from "../../src/files/index.ts";
import type { Channel } from "../../src/fuse/device/channel.ts";
import { handlers } from "../../src/fuse/dispatch/table.ts";
import { Callers } from "../../src/fuse/session/callers.ts";
import type { KernelNotices } from "../../src/fuse/session/kernel-notices.ts";
import { Session } from "../../src/fuse/session/session.ts";
import { opcodes } from "../../src/fuse/wire/opcode.ts";
import type { Reply } from "../../src/fuse/wire/reply.ts";
import { Request } from "../../src/fuse/wire/request.ts";

/** A field of a request's body: 32 bits, 64 bits, or bytes. */
export type Part = { readonly u32: number } | { readonly u64: number } | { readonly bytes: Uint8Array };

export const u32 = (value: number): Part => ({ u32: value });
export const u64 = (value: number): Part => ({ u64: value });
export const text = (value: string): Part => ({ bytes: Buffer.from(`${value}\0`) });

export interface Asker {
  readonly uid: number;
  readonly gid: number;
  readonly processId: number;
}

/** The answer to one request. */
export interface Answer {
  /** 0, or the positive errno. */
  readonly error: number;
  readonly body: Buffer;
}

const root: Asker = { uid: 0, gid: 0, processId: 1 };

export class KernelSide implements Channel {
  readonly session: Session;
  readonly notices: string[] = [];
  readonly log: string[] = [];
  /** Answers that nobody asked for, or that came twice. */
  readonly stray: Answer[] = [];
  over = false;
  /** When false, the kernel takes no answer: whoever asked has gone. */
  takesAnswers = true;
  readonly #request = new Request();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #unique = 0;

  constructor(volume: Volume) {
    const notices: KernelNotices = {
      content: (node, start, end) => this.notices.push(`content ${node} ${start} ${end}`),
      attributes: (node) => this.notices.push(`attributes ${node}`),
      entry: (parent, name) => this.notices.push(`entry ${parent} ${name}`),
      mayBeStale: () => false,
    };
    const dependencies = {
      volume,
      channel: this,
      notices,
      handlers,
      clock: systemClock,
      log: (_level: string, message: string) => this.log.push(message),
      timeouts: { attributeTimeoutMs: 1_000, entryTimeoutMs: 1_000 },
      callers: new Callers(systemClock, () => []),
    };
    this.session = new Session(dependencies, {
      ready: () => {},
      over: () => {
        this.over = true;
      },
      answered: () => {},
      room: () => {},
    });
  }

  send(reply: Reply, bodyBytes: number): boolean {
    return this.#answered(Buffer.from(reply.bytes.slice(0, 16 + bodyBytes)));
  }

  sendViews(reply: Reply, views: readonly Uint8Array[]): boolean {
    return this.#answered(Buffer.concat([reply.bytes.slice(0, 16), ...views]));
  }

  #answered(packet: Buffer): boolean {
    if (!this.takesAnswers) return false;
    const unique = packet.readUInt32LE(8);
    const answer = { error: Math.abs(packet.readInt32LE(4)), body: packet.subarray(16) };
    const waiting = this.#waiting.get(unique);
    this.#waiting.delete(unique);
    if (waiting === undefined || packet.readUInt32LE(0) !== packet.length) this.stray.push(answer);
    else waiting(answer);
    return true;
  }

  /** The number that the next request will have. */
  get nextUnique(): number {
    return this.#unique + 2;
  }

  /** Sends a request and answers with what came back. */
  ask(opcode: number, node: number, parts: readonly Part[] = [], asker: Asker = root): Promise<Answer> {
    const unique = this.nextUnique;
    this.#unique = unique;
    return new Promise((resolve) => {
      this.#waiting.set(unique, resolve);
      this.deliver(packetOf(opcode, unique, node, parts, asker));
    });
  }

  /** Sends a request that has no answer. */
  tell(opcode: number, node: number, parts: readonly Part[]): void {
    this.#unique += 2;
    this.deliver(packetOf(opcode, this.#unique, node, parts, root));
  }

  deliver(packet: Uint8Array): void {
    this.#request.load(packet);
    this.session.serve(this.#request);
  }

  /** Looks a name up; answers the node's number. */
  async lookup(parent: number, name: string, asker: Asker = root): Promise<number> {
    const { error, body } = await this.ask(opcodes.LOOKUP, parent, [text(name)], asker);
    if (error !== 0) throw new Error(`LOOKUP ${name}: errno ${error}`);
    return Number(body.readBigUInt64LE(0));
  }

  /** Makes a file and opens it; answers the node's number and the handle. */
  async create(name: string, flags: number, asker: Asker = root): Promise<{ node: number; handle: number }> {
    const parts = [u32(flags), u32(0o100644), u32(0o22), u32(0), text(name)];
    const { error, body } = await this.ask(opcodes.CREATE, 1, parts, asker);
    if (error !== 0) throw new Error(`CREATE ${name}: errno ${error}`);
    return { node: Number(body.readBigUInt64LE(0)), handle: Number(body.readBigUInt64LE(128)) };
  }

  write(handle: number, node: number, offset: number, bytes: Uint8Array, flags = 0): Promise<Answer> {
    const head = [u64(handle), u64(offset), u32(bytes.length), u32(flags), u64(0), u32(0), u32(0)];
    return this.ask(opcodes.WRITE, node, [...head, { bytes }]);
  }

  read(handle: number, node: number, offset: number, size: number): Promise<Answer> {
    return this.ask(opcodes.READ, node, [u64(handle), u64(offset), u32(size), u32(0), u64(0), u32(0), u32(0)]);
  }
}

export function packetOf(opcode: number, unique: number, node: number, parts: readonly Part[], asker: Asker): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(opcode, 4);
  header.writeBigUInt64LE(BigInt(unique), 8);
  header.writeBigUInt64LE(BigInt(node), 16);
  header.writeUInt32LE(asker.uid, 24);
  header.writeUInt32LE(asker.gid, 28);
  header.writeUInt32LE(asker.processId, 32);
  const packet = Buffer.concat([header, ...parts.map(encoded)]);
  packet.writeUInt32LE(packet.length, 0);
  return packet;
}

function encoded(part: Part): Buffer {
  if ("bytes" in part) return Buffer.from(part.bytes);
  const field = Buffer.alloc("u32" in part ? 4 : 8);
  if ("u32" in part) field.writeUInt32LE(part.u32);
  else field.writeBigUInt64LE(BigInt(part.u64));
  return field;
}
