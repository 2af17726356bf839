/**
 * A store with a gate before each kind of operation: while a gate is closed, operations wait at it until the test lets each
 * one pass, refuses it, or has it answered otherwise. The store behind is a real one. Of every operation it is remembered
 * what was asked, and whether the frames of a write changed before its answer.
 */
import type { ByteOffset } from "../../src/base/index.ts";
import type { Call, Credential, NodeId, Store, WriteResult } from "../../src/port/index.ts";

export type GateName =
  | "lookup"
  | "read"
  | "write"
  | "commit"
  | "getAttributes"
  | "setAttributes"
  | "punchHole"
  | "seek";

/** One operation that came to a gate. */
export class GatedOperation {
  readonly name: GateName;
  readonly node: NodeId;
  readonly offset: ByteOffset;
  readonly byteCount: number;
  readonly credential: Credential;
  /** The frames themselves, for a test that plays a store which touches them late. */
  readonly frames: readonly Uint8Array[];
  /** What a write was given to send, as it was when it came. */
  readonly bytes: Uint8Array;
  /** Whether the bytes of a write were other ones when it was answered than when it came. */
  framesChanged = false;
  answered = false;
  readonly opened: Promise<Decision>;
  #decide: (decision: Decision) => void = () => undefined;

  constructor(name: GateName, node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call) {
    this.name = name;
    this.node = node;
    this.offset = offset;
    this.byteCount = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.credential = call.credential;
    this.frames = frames;
    this.bytes = name === "write" ? Uint8Array.from(Buffer.concat(frames)) : new Uint8Array(0);
    this.opened = new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  get end(): ByteOffset {
    return this.offset + this.byteCount;
  }

  /** Lets it be done; a write is given only its first `byteCount` bytes then, and answers so. */
  pass(byteCount?: number): void {
    this.#decide(byteCount === undefined ? {} : { byteCount });
  }

  /** Lets it be done now; the answer comes when what is returned is called. */
  passHoldingAnswer(): () => void {
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    this.#decide({ answering });
    return answer;
  }

  refuse(failure: Error): void {
    this.#decide({ failure });
  }

  /** Has it answered as if the store had said so; it is not done. */
  answerCount(byteCount: number): void {
    this.#decide({ answered: byteCount });
  }
}

interface Decision {
  readonly byteCount?: number;
  readonly failure?: Error;
  readonly answered?: number;
  readonly answering?: Promise<void>;
}

export class GatedStore {
  readonly store: Store;
  /** Every operation that came, in order. */
  readonly operations: GatedOperation[] = [];
  readonly #closed: Set<GateName> = new Set();
  readonly #waiting: GatedOperation[] = [];
  readonly #watchers: (() => void)[] = [];

  constructor(inner: Store) {
    const gates = this.#gates(inner);
    this.store = new Proxy(inner, {
      get(target, name) {
        const gate = Reflect.get(gates, name) as unknown;
        const member = gate ?? (Reflect.get(target, name, target) as unknown);
        return typeof member === "function" && gate === undefined ? member.bind(target) : member;
      },
    });
  }

  close(...names: GateName[]): void {
    for (const name of names) this.#closed.add(name);
  }

  /** Opens the gates and lets everything pass that waits there. */
  open(...names: GateName[]): void {
    for (const name of names) this.#closed.delete(name);
    for (const operation of this.#waiting.filter((waiting) => names.includes(waiting.name))) operation.pass();
  }

  /** The operations of a kind so far. */
  of(name: GateName): GatedOperation[] {
    return this.operations.filter((operation) => operation.name === name);
  }

  /** The `count`th operation of a kind, as soon as it has come. */
  async arrived(name: GateName, count: number): Promise<GatedOperation> {
    for (;;) {
      const operation = this.of(name)[count - 1];
      if (operation !== undefined) return operation;
      await new Promise<void>((resolve) => {
        this.#watchers.push(resolve);
      });
    }
  }

  async #come(operation: GatedOperation): Promise<Decision> {
    this.operations.push(operation);
    for (const wake of this.#watchers.splice(0)) wake();
    if (!this.#closed.has(operation.name)) return {};
    this.#waiting.push(operation);
    const decision = await operation.opened;
    this.#waiting.splice(this.#waiting.indexOf(operation), 1);
    if (decision.failure !== undefined) throw decision.failure;
    return decision;
  }

  #gates(inner: Store): Pick<Store, GateName> {
    const come = (operation: GatedOperation): Promise<Decision> => this.#come(operation);
    return {
      async lookup(parent, name, call) {
        const { answering } = await come(new GatedOperation("lookup", parent, 0, [], call));
        const entry = await inner.lookup(parent, name, call);
        await answering;
        return entry;
      },
      async read(node, offset, frames, call) {
        const operation = new GatedOperation("read", node, offset, frames, call);
        const decision = await come(operation);
        const result = await inner.read(node, offset, frames, call);
        await decision.answering;
        operation.answered = true;
        return decision.answered === undefined ? result : { ...result, byteCount: decision.answered };
      },
      async write(node, offset, frames, expected, call): Promise<WriteResult> {
        const operation = new GatedOperation("write", node, offset, frames, call);
        const decision = await come(operation);
        operation.framesChanged = Buffer.compare(Buffer.concat(frames), operation.bytes) !== 0;
        if (decision.answered !== undefined) {
          const attributes = await inner.getAttributes(node, call);
          return { byteCount: decision.answered, attributes: { ...attributes, previous: attributes.version } };
        }
        const taken = operation.bytes.subarray(0, decision.byteCount ?? operation.byteCount);
        const result = await inner.write(node, offset, [taken], expected, call);
        await decision.answering;
        operation.answered = true;
        return result;
      },
      async commit(node, call) {
        await come(new GatedOperation("commit", node, 0, [], call));
        return inner.commit(node, call);
      },
      async getAttributes(node, call) {
        const { answering } = await come(new GatedOperation("getAttributes", node, 0, [], call));
        const attributes = await inner.getAttributes(node, call);
        await answering;
        return attributes;
      },
      async setAttributes(node, changes, call) {
        const { answering } = await come(new GatedOperation("setAttributes", node, 0, [], call));
        const attributes = await inner.setAttributes(node, changes, call);
        await answering;
        return attributes;
      },
      async punchHole(node, offset, length, call) {
        await come(new GatedOperation("punchHole", node, offset, [], call));
        return inner.punchHole(node, offset, length, call);
      },
      async seek(node, offset, whence, call) {
        const { answering } = await come(new GatedOperation("seek", node, offset, [], call));
        const found = await inner.seek(node, offset, whence, call);
        await answering;
        return found;
      },
    };
  }
}
