/** The throttle in simulations: writers, a flusher and a store of so many bytes a second, on a virtual clock. */
import { describe, expect, it } from "vitest";
import { type Clock, delay } from "../../../../src/base/index.ts";
import { pauseMsMax, Throttle, ThrottledWriter } from "../../../../src/cache/writeback/throttle.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const MB = 1e6;
const limits = { backgroundBytes: 25 * MB, hardBytes: 50 * MB, checkBytes: 131072 };
const runBytes = 1 * MB;

/** A store of a given speed behind its throttle; a speed of 0 hangs. */
class SimulatedStore {
  readonly throttle: Throttle;
  readonly #clock: Clock;
  readonly bytesPerSecond: number;
  dirtyBytes = 0;
  dirtyBytesMax = 0;
  acceptedBytes = 0;
  pauseCount = 0;
  pauseMsMax = 0;
  #flushing = false;
  #held: (() => void)[] = [];

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.bytesPerSecond = bytesPerSecond;
    this.throttle = new Throttle(clock, limits);
  }

  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.dirtyBytes > limits.backgroundBytes) {
      this.throttle.issued();
      if (this.bytesPerSecond === 0) return;
      await delay(this.#clock, (runBytes * 1000) / this.bytesPerSecond);
      this.dirtyBytes -= runBytes;
      this.acceptedBytes += runBytes;
      this.throttle.written(runBytes, this.dirtyBytes);
      if (this.dirtyBytes < limits.hardBytes) for (const resume of this.#held.splice(0)) resume();
    }
    this.#flushing = false;
  }

  /** Dirties `totalBytes` in pieces, each taking the writer `thinkMs` of its own; answers how long it took. */
  async write(totalBytes: number, pieceBytes: number, thinkMs: number): Promise<number> {
    const writer = new ThrottledWriter();
    const beganMs = this.#clock.nowMs();
    for (let written = 0; written < totalBytes; written += pieceBytes) {
      await delay(this.#clock, thinkMs);
      this.dirtyBytes += pieceBytes;
      this.dirtyBytesMax = Math.max(this.dirtyBytesMax, this.dirtyBytes);
      if (this.dirtyBytes > limits.backgroundBytes) void this.#flush();
      let pauseMs = this.throttle.dirtied(writer, pieceBytes, this.dirtyBytes);
      while (pauseMs === Number.POSITIVE_INFINITY) {
        await new Promise<void>((resolve) => this.#held.push(resolve));
        pauseMs = this.throttle.dirtied(writer, 0, this.dirtyBytes);
      }
      if (pauseMs > 0) {
        this.pauseCount++;
        this.pauseMsMax = Math.max(this.pauseMsMax, pauseMs);
        await delay(this.#clock, pauseMs);
      }
    }
    return this.#clock.nowMs() - beganMs;
  }
}

describe("throttle", () => {
  it("lets a writer alone whose store keeps up", async () => {
    const clock = new VirtualClock();
    const store = new SimulatedStore(clock, 200 * MB);
    const tookMs = await clock.during(store.write(300 * MB, 65536, 65536 / ((50 * MB) / 1000)));
    expect(store.pauseCount).toBe(0);
    expect(tookMs).toBeCloseTo(6000, -2);
  });

  it.each([5, 20, 80])(
    "slows a fast writer to the %i MB/s of its store, with dirty bytes near the setpoint",
    async (megabytes) => {
      const clock = new VirtualClock();
      const store = new SimulatedStore(clock, megabytes * MB);
      await clock.during(store.write(megabytes * 30 * MB, 65536, 0.05));
      const tookMs = await clock.during(store.write(megabytes * 20 * MB, 65536, 0.05));
      const writerBytesPerSecond = (megabytes * 20 * MB * 1000) / tookMs;
      expect(writerBytesPerSecond / MB / megabytes).toBeGreaterThan(0.95);
      expect(writerBytesPerSecond / MB / megabytes).toBeLessThan(1.05);
      expect(store.throttle.writeBytesPerSecond / MB / megabytes).toBeCloseTo(1, 1);
      expect(Math.abs(store.dirtyBytes - store.throttle.setpointBytes)).toBeLessThan(5 * MB);
      expect(store.dirtyBytesMax).toBeLessThanOrEqual(limits.hardBytes + 65536);
      expect(store.pauseMsMax).toBeLessThanOrEqual(pauseMsMax);
    },
  );

  it("shares a store fairly among equal writers", async () => {
    const clock = new VirtualClock();
    const store = new SimulatedStore(clock, 20 * MB);
    const writers = [1, 2, 3, 4].map(() => store.write(200 * MB, 65536, 0.05));
    const tookMs = await clock.during(Promise.all(writers));
    expect(Math.max(...tookMs) / Math.min(...tookMs)).toBeLessThan(1.1);
    expect(store.dirtyBytesMax).toBeLessThanOrEqual(limits.hardBytes + 4 * 65536);
  });

  it("leaves a slow writer alone beside a fast one: its pauses are for its own bytes", async () => {
    const clock = new VirtualClock();
    const store = new SimulatedStore(clock, 20 * MB);
    const fast = store.write(800 * MB, 65536, 0.05);
    const slowTookMs = await clock.during(store.write(20 * MB, 4096, 4.096));
    expect(slowTookMs).toBeLessThan(20_000 * 1.15);
    await clock.during(fast);
  });

  it("[S5.9] does not let one store's writers feel another store", async () => {
    const alone = new VirtualClock();
    const aloneTookMs = await alone.during(new SimulatedStore(alone, 60 * MB).write(600 * MB, 65536, 0.1));
    const clock = new VirtualClock();
    const slow = new SimulatedStore(clock, 2 * MB).write(120 * MB, 65536, 0.1);
    const fastTookMs = await clock.during(new SimulatedStore(clock, 60 * MB).write(600 * MB, 65536, 0.1));
    expect(fastTookMs / aloneTookMs).toBeCloseTo(1, 2);
    await clock.during(slow);
  });

  it("[G20] holds the writers of a store that takes nothing, and nobody else's", async () => {
    const clock = new VirtualClock();
    const hung = new SimulatedStore(clock, 0);
    let finished = false;
    void hung.write(100 * MB, 65536, 0.1).then(() => {
      finished = true;
    });
    const tookMs = await clock.during(new SimulatedStore(clock, 60 * MB).write(600 * MB, 65536, 0.1));
    expect(tookMs).toBeLessThan(12_000);
    await clock.advance(600_000);
    expect(finished).toBe(false);
    expect(hung.dirtyBytes).toBeLessThanOrEqual(limits.hardBytes + 65536);
    expect(hung.dirtyBytes).toBeGreaterThanOrEqual(limits.hardBytes);
    expect(clock.timerCount).toBe(0);
  });

  it("does not take a store that was asked for nothing for a slow one", async () => {
    const clock = new VirtualClock();
    const throttle = new Throttle(clock, limits);
    const believed = throttle.writeBytesPerSecond;
    await clock.advance(3_600_000);
    throttle.issued();
    await clock.advance(300);
    throttle.written(0.3 * believed, 0);
    expect(throttle.writeBytesPerSecond / believed).toBeCloseTo(1, 6);
  });
});
