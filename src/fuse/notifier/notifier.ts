/**
 * Tells the kernel what changed behind its back, through a thread of its own: the kernel may let such a message wait until
 * pages are unlocked or a directory is free, which can need an answer from the engine thread first.
 *
 * Words. A *batch* is the messages that the thread is writing; the rest waits here and is merged meanwhile.
 *
 * I1 At most one batch is with the thread.
 * I2 Content that waits is one range a node; it is never dropped, and there are no more nodes than the kernel knows.
 * I3 Names that wait are bounded; one more is left to the entry time-out, and counted.
 * I4 A thread that ends before it is told to is reported, once; nothing is told to the kernel afterwards.
 * I5 `mayBeStale(node)` is true from the report of a change until the kernel has taken the message.
 */
import { Worker } from "node:worker_threads";
import { type ByteOffset, Failure } from "../../base/index.ts";
import { invalidateAttributes, invalidateContent, invalidateEntry } from "../wire/notification.ts";

const batchMessagesMax = 256;
const waitingEntriesMax = 16_384;

interface ContentRange {
  start: ByteOffset;
  end: ByteOffset | undefined;
}

interface WaitingEntry {
  readonly parent: number;
  readonly name: string;
}

/** Tells the thread that there is no more to come. */
export const stopMessage = "stop";

/** How the thread answers a batch. */
export interface BatchDone {
  readonly written: number;
  readonly unknownToKernel: number;
  readonly failed: number;
}

export class Notifier {
  readonly #descriptor: number;
  readonly #expireOnly: boolean;
  readonly #died: (failure: Failure) => void;
  readonly #content = new Map<number, ContentRange>();
  readonly #attributes = new Set<number>();
  readonly #entries = new Map<string, WaitingEntry>();
  readonly #nodesInBatch = new Set<number>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #busy = false;
  #stopped = false;

  written = 0;
  failed = 0;
  entriesLeftToTimeouts = 0;

  /** `died` hears when the thread ends by itself: from then on the kernel would go on showing what is out of date. */
  constructor(descriptor: number, expireOnly: boolean, died: (failure: Failure) => void) {
    this.#descriptor = descriptor;
    this.#expireOnly = expireOnly;
    this.#died = died;
  }

  /** Pages [start, end) of a node, and its attributes, are out of date; `end` undefined means to the end of the file. */
  content(node: number, start: ByteOffset, end: ByteOffset | undefined): void {
    const waiting = this.#content.get(node);
    if (waiting === undefined) this.#content.set(node, { start, end });
    else {
      waiting.start = Math.min(waiting.start, start);
      waiting.end = waiting.end === undefined || end === undefined ? undefined : Math.max(waiting.end, end);
    }
    this.#kick();
  }

  attributes(node: number): void {
    this.#attributes.add(node);
    this.#kick();
  }

  entry(parent: number, name: string): void {
    if (this.#entries.size >= waitingEntriesMax) {
      this.entriesLeftToTimeouts += 1;
      return;
    }
    this.#entries.set(`${parent}/${name}`, { parent, name });
    this.#kick();
  }

  /** Whether the kernel may still hold pages of the node that were reported as out of date. */
  mayBeStale(node: number): boolean {
    return this.#content.has(node) || this.#nodesInBatch.has(node);
  }

  /** Ends the thread. A message that the kernel makes wait is let go when the connection ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    // Until now the thread kept nobody from ending; its own end is waited for.
    this.#worker?.ref();
    this.#worker?.postMessage(stopMessage);
    await this.#exited;
  }

  /** The thread is stuck in the kernel; it keeps nobody from ending. */
  abandon(): void {
    this.#worker?.unref();
  }

  #kick(): void {
    if (this.#busy || this.#stopped) return;
    const packets: Uint8Array[] = [];
    for (const [node, { start, end }] of this.#content) {
      if (packets.length >= batchMessagesMax) break;
      this.#content.delete(node);
      this.#attributes.delete(node);
      this.#nodesInBatch.add(node);
      packets.push(invalidateContent(node, start, end));
    }
    for (const node of this.#attributes) {
      if (packets.length >= batchMessagesMax) break;
      this.#attributes.delete(node);
      packets.push(invalidateAttributes(node));
    }
    for (const [key, { parent, name }] of this.#entries) {
      if (packets.length >= batchMessagesMax) break;
      this.#entries.delete(key);
      packets.push(invalidateEntry(parent, name, this.#expireOnly));
    }
    if (packets.length === 0) return;
    this.#busy = true;
    this.#thread().postMessage(packets);
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL("./notifier-worker.js", import.meta.url), {
      workerData: { descriptor: this.#descriptor },
      resourceLimits: { maxOldGenerationSizeMb: 32 },
      execArgv: [],
    });
    worker.on("message", (done: BatchDone) => this.#batchDone(done));
    this.#exited = new Promise((resolve) => {
      worker.once("error", (thrown) => {
        this.#ended(thrown);
        resolve();
      });
      worker.once("exit", () => {
        this.#ended(undefined);
        resolve();
      });
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #ended(cause: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.failed += 1;
    this.#died(new Failure("EIO", { syscall: "write", detail: "the notifier's thread has ended", cause }));
  }

  #batchDone(done: BatchDone): void {
    this.written += done.written;
    this.failed += done.failed;
    this.#nodesInBatch.clear();
    this.#busy = false;
    this.#kick();
  }
}
