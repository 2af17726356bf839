/** How long the pump asks again and again, by a clock that goes on with each question, and when it sleeps. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Pump, type RequestSource } from "../../../../src/fuse/device/pump.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const spinMs = 0.05;
const questionMs = 0.01;
/** How long a sleeper takes to hear of a request. */
const wakeMs = 0.03;

/** Requests that come so long after the answer to the one before; a fifo stands for the descriptor, and is readable when the test says so. */
class Requests implements RequestSource {
  readonly descriptor: number;
  nowMs = 0;
  servedCount = 0;
  #dueMs = 0;
  #isReadable = false;
  readonly #gapsMs: number[];

  constructor(directory: string, gapsMs: number[]) {
    const path = join(directory, "fifo");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    this.descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#gapsMs = gapsMs;
  }

  tryRead(): "request" | "nothing" {
    this.nowMs += questionMs;
    return this.#dueMs <= this.nowMs ? "request" : "nothing";
  }

  serve(): void {
    if (this.#isReadable) readSync(this.descriptor, Buffer.alloc(1));
    this.#isReadable = false;
    this.servedCount += 1;
    this.#dueMs = this.nowMs + (this.#gapsMs.shift() ?? Number.POSITIVE_INFINITY);
  }

  /** The next request wakes whoever sleeps. */
  arrive(): void {
    this.nowMs = Math.max(this.nowMs, this.#dueMs + wakeMs);
    writeSync(this.descriptor, "x");
    this.#isReadable = true;
  }
}

/** Plays the requests; answers after which of them, counted from 1, the pump slept before the next one came. */
async function sleptAfter(gapsMs: readonly number[]): Promise<number[]> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-pump-"));
  const source = new Requests(directory, [...gapsMs]);
  const clock = new VirtualClock();
  clock.nowMs = () => source.nowMs;
  const server = { serve: () => source.serve(), isWaiting: false, isTooBusy: false, ended: () => undefined };
  const pump = new Pump(source, server, { spinMs, clock });
  try {
    const slept: number[] = [];
    source.arrive();
    for (let turn = 0; source.servedCount <= gapsMs.length; turn++) {
      expect(turn, "turns of the event loop").toBeLessThan(10_000);
      await setImmediate();
      if (pump.sleeps === slept.length || source.servedCount > gapsMs.length) continue;
      slept.push(source.servedCount);
      source.arrive();
    }
    return slept;
  } finally {
    pump.stop();
    closeSync(source.descriptor);
    await rm(directory, { recursive: true });
  }
}

test("a request that comes late for a short spin makes spins long, and a spin in vain makes them short again", async () => {
  const close = 0.02;
  const late = 0.09;
  const far = 5;
  expect(await sleptAfter([close, close, late, late, late, far, close, late, late])).toEqual([3, 6, 8]);
});
