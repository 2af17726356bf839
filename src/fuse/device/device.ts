/**
 * The device descriptor of one mount: reads requests, writes answers. Every call returns at once; a kernel that has ended
 * the connection makes `connected` false.
 */
import { closeSync } from "node:fs";
import { deviceErrno, IoVector } from "../../system/index.ts";
import { type Reply, replyHeaderBytes } from "../wire/reply.ts";
import type { Channel } from "./channel.ts";
import type { RequestReader } from "./request-reader.ts";

/** What a try to read gave. */
export type ReadOutcome = "request" | "nothing" | "ended";

/** A READ of 1 MiB that starts inside a page of 4 KiB touches one page more than it has. */
const viewCountMax = 257;

export interface DeviceEvents {
  /** An answer failed in a way that is neither "nobody waits" nor "unmounted". */
  answerFailed(errno: number, bodyBytes: number): void;
}

export class Device implements Channel {
  readonly descriptor: number;
  readonly #reader: RequestReader;
  readonly #events: DeviceEvents;
  readonly #single: IoVector = new IoVector(1);
  readonly #gather: IoVector = new IoVector(viewCountMax + 1);
  #connected = true;

  constructor(descriptor: number, reader: RequestReader, events: DeviceEvents) {
    this.descriptor = descriptor;
    this.#reader = reader;
    this.#events = events;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Reads one request, if one is there. */
  tryRead(): ReadOutcome {
    for (;;) {
      const length = this.#reader.read(this.descriptor);
      if (length >= 0) return "request";
      switch (-length) {
        case deviceErrno.EAGAIN:
          return "nothing";
        // A request that was interrupted before it was read, or a signal for us.
        case deviceErrno.ENOENT:
        case deviceErrno.EINTR:
          continue;
        default:
          this.#connected = false;
          return "ended";
      }
    }
  }

  send(reply: Reply, bodyBytes: number): boolean {
    this.#single.clear(1);
    this.#single.pushPrefix(reply.bytes, replyHeaderBytes + bodyBytes);
    return this.#taken(this.#single.writeTo(this.descriptor), bodyBytes);
  }

  sendViews(reply: Reply, views: readonly Uint8Array[]): boolean {
    const vector = this.#gather;
    vector.clear(1);
    vector.pushPrefix(reply.bytes, replyHeaderBytes);
    for (const view of views) vector.push(view);
    return this.#taken(vector.writeTo(this.descriptor), 0);
  }

  #taken(result: number, bodyBytes: number): boolean {
    if (result >= 0) return true;
    const errno = -result;
    if (errno === deviceErrno.ENODEV || errno === deviceErrno.ECONNABORTED) this.#connected = false;
    else if (errno !== deviceErrno.ENOENT) this.#events.answerFailed(errno, bodyBytes);
    return false;
  }

  close(): void {
    this.#connected = false;
    closeSync(this.descriptor);
  }
}
