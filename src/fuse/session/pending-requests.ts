/**
 * Requests that wait for promises. Each is the `Call` that the volume gets: who asks, and a signal that fires when the
 * kernel says that nobody waits any more. How many there are, and how many bytes they keep, is bounded: beyond that the
 * device is not read until some are answered; see device/pump.ts for when none is.
 */
import { type CancelSignal, CancelSource } from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import { opcodes } from "../wire/opcode.ts";
import { transferIn, writeFlags } from "../wire/read-write.ts";
import type { Request } from "../wire/request.ts";

/** The bounds; a request under way is never refused, the next one is not read. */
const pendingLimits: { readonly requestsMax: number; readonly heldBytesMax: number } = {
  requestsMax: 1024,
  heldBytesMax: 64 * 1024 * 1024,
};

/** What gives something back, or carries bytes that nobody else has: it is taken however much waits. */
const alwaysTaken: ReadonlySet<number> = new Set([opcodes.RELEASE, opcodes.RELEASEDIR, opcodes.FLUSH]);

/** Whether a request may be refused for want of memory without anything being lost. */
export function mayBeRefused(request: Request): boolean {
  const { opcode } = request;
  if (opcode === opcodes.WRITE) return (transferIn.ioFlags(request) & writeFlags.CACHE) === 0;
  return !alwaysTaken.has(opcode);
}

export class PendingRequest implements Call {
  readonly unique: number;
  readonly opcode: number;
  readonly credential: Credential;
  /** Bytes of the request that are kept until it is answered. */
  readonly heldBytes: number;
  readonly #source: CancelSource = new CancelSource();

  constructor(unique: number, opcode: number, credential: Credential, heldBytes: number) {
    this.unique = unique;
    this.opcode = opcode;
    this.credential = credential;
    this.heldBytes = heldBytes;
  }

  get signal(): CancelSignal {
    return this.#source;
  }

  interrupt(): void {
    this.#source.abort();
  }
}

export class PendingRequests {
  readonly #byUnique = new Map<number, PendingRequest>();
  #heldBytes = 0;
  #onIdle: (() => void)[] = [];

  get count(): number {
    return this.#byUnique.size;
  }

  get isFull(): boolean {
    return this.#byUnique.size >= pendingLimits.requestsMax || this.#heldBytes >= pendingLimits.heldBytesMax;
  }

  begin(unique: number, opcode: number, credential: Credential, heldBytes: number): PendingRequest {
    const pending = new PendingRequest(unique, opcode, credential, heldBytes);
    this.#byUnique.set(unique, pending);
    this.#heldBytes += heldBytes;
    return pending;
  }

  end(pending: PendingRequest): void {
    this.#byUnique.delete(pending.unique);
    this.#heldBytes -= pending.heldBytes;
    if (this.#byUnique.size > 0) return;
    for (const callback of this.#onIdle.splice(0)) callback();
  }

  /** Fires a request's signal, if it still waits. */
  interrupt(unique: number): boolean {
    const pending = this.#byUnique.get(unique);
    pending?.interrupt();
    return pending !== undefined;
  }

  interruptAll(): void {
    for (const pending of this.#byUnique.values()) pending.interrupt();
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (this.#byUnique.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
