/**
 * A store whose operations take turns: each one is on its way, is done by the store in one turn, and its answer is on its
 * way back, so that a schedule decides on the order in which the store does things and in which it is heard. What was done
 * is remembered in order. The store behind is a real one; a race may have single operations refused.
 *
 *   called --- "store: write arrives" ---> done --- "store: write is answered" ---> heard
 */
import type { Failure } from "../../../src/base/index.ts";
import type { Call, NodeId, Store } from "../../../src/port/index.ts";
import { reads, touch, writes } from "../../kit/schedule/footprint.ts";
import { point } from "../../kit/schedule/point.ts";

/** The operations that race. */
const racing = ["read", "write", "commit", "getAttributes", "setAttributes", "punchHole", "allocate"] as const;
export type RacingName = (typeof racing)[number];

/** An operation that the store has done or refused, in the order in which it was. */
export interface DoneOperation {
  readonly name: RacingName;
  readonly node: NodeId;
  readonly credential: string;
  /** Of a read or write: where. */
  readonly offset: number;
  /** What a write brought; empty for everything else. */
  readonly bytes: Uint8Array;
  readonly refusal: Failure | undefined;
}

/** Answers a failure to have the operation refused with. */
export type Refusing = (operation: Omit<DoneOperation, "refusal">) => Failure | undefined;

export class RacingStore {
  readonly store: Store;
  readonly done: DoneOperation[] = [];
  /** Writes whose bytes changed between the call and the answer: the frames of a flight must not. */
  readonly unstable: DoneOperation[] = [];
  refusing: Refusing = () => undefined;

  constructor(inner: Store) {
    const self = this;
    this.store = new Proxy(inner, {
      get(target, name) {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        const method = member.bind(target) as (...input: unknown[]) => Promise<unknown>;
        if (!racing.some((each) => each === name)) return method;
        return (...input: unknown[]) => self.#race(name as RacingName, input, () => method(...input));
      },
    });
  }

  /** The writes that the store has done, in order. */
  get writes(): DoneOperation[] {
    touch(this, reads);
    return this.done.filter(({ name, refusal }) => name === "write" && refusal === undefined);
  }

  async #race(name: RacingName, input: readonly unknown[], perform: () => Promise<unknown>): Promise<unknown> {
    const before = bytesOf(name, input);
    await point(undefined, `store: ${name} arrives`);
    const { credential } = input.at(-1) as Call;
    const offset = typeof input[1] === "number" ? input[1] : 0;
    const asked = { name, node: input[0] as NodeId, credential: credential.id, offset, bytes: before };
    const refusal = this.refusing(asked);
    const answer = refusal === undefined ? perform() : Promise.reject(refusal);
    const operation = {
      ...asked,
      refusal: await answer.then(
        () => undefined,
        (failure: Failure) => failure,
      ),
    };
    this.done.push(operation);
    if (name !== "read" && name !== "getAttributes") touch(this, writes);
    await point(
      answer.catch(() => undefined),
      `store: ${name} is answered`,
    );
    if (Buffer.compare(bytesOf(name, input), before) !== 0) this.unstable.push(operation);
    return answer;
  }
}

function bytesOf(name: RacingName, input: readonly unknown[]): Uint8Array {
  return name === "write" ? Uint8Array.from(Buffer.concat(input[2] as Uint8Array[])) : new Uint8Array(0);
}
