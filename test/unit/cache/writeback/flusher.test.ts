/** The flusher: when it wakes by itself, what it leaves alone, and that a file that hangs holds only itself. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser } from "../../../kit/cached-file.ts";
import { alice, anotherSpace, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("the flusher", () => {
  test("[G19] wakes every 5 s and sends what has been dirty for 30 s, to the nearest wake (D5)", async () => {
    const file = await gatedFile(noReadahead);
    await file.clock.advance(1_000);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.clock.advance(10_000);
    await file.space.write(4 * pageSize, bytesOf(pageSize, 2), alice);
    const sentAt: number[] = [];
    for (let second = 11; second < 60; second++) {
      await file.clock.advance(1_000);
      while (sentAt.length < file.gates.of("write").length) sentAt.push(file.clock.nowMs());
    }
    expect(file.gates.of("write").map(({ offset }) => offset)).toEqual([0, 4 * pageSize]);
    for (const [at, dirtied] of [1_000, 11_000].entries()) {
      expect(sentAt[at]).toBeGreaterThanOrEqual(dirtied + 30_000);
      expect(sentAt[at]).toBeLessThanOrEqual(dirtied + 35_000);
    }
    expect(file.cache.counters.passes.periodic).toBeGreaterThan(0);
    expect(file.space.dirtyBytes).toBe(0);
  });

  test("[G19] comes to every file in time, however many there are", async () => {
    const file = await gatedFile({ ...noReadahead, budgetBytes: 200 * pageSize });
    const files = await Promise.all(Array.from({ length: 60 }, (_, at) => anotherSpace(file, `file ${at}`)));
    for (const space of files) await space.write(0, bytesOf(10, 1), alice);
    await file.clock.advance(20_000);
    // Younger ones stand among them; they are passed over, and keep nobody waiting.
    const young = await Promise.all(Array.from({ length: 20 }, (_, at) => anotherSpace(file, `young ${at}`)));
    for (const space of young) await space.write(0, bytesOf(10, 1), alice);
    await file.clock.advance(15_001);
    expect(files.filter((space) => space.dirtyBytes > 0)).toHaveLength(0);
    expect(young.filter((space) => space.dirtyBytes === 0)).toHaveLength(0);
    await file.clock.advance(20_000);
    expect(young.filter((space) => space.dirtyBytes > 0)).toHaveLength(0);
    expect(file.clock.timerCount).toBe(0);
  });

  test("has no timer when nothing is dirty", async () => {
    const file = await gatedFile(noReadahead);
    expect(file.clock.timerCount).toBe(0);
    await file.space.write(0, bytesOf(10, 1), alice);
    expect(file.clock.timerCount).toBe(1);
    await file.space.sync(alice);
    expect(file.clock.timerCount).toBe(0);
  });

  test("[G19] a page that is written again and again is sent 30 s after it became dirty, not after it was last written", async () => {
    const file = await gatedFile(noReadahead);
    for (let second = 0; second < 36; second++) {
      await file.space.write(0, bytesOf(10, second), alice);
      await file.clock.advance(1_000);
    }
    expect(file.gates.of("write").length).toBeGreaterThan(0);
  });

  test("[S5.9] begins at once when dirty memory passes the background limit, and stops below it", async () => {
    const file = await gatedFile({
      ...noReadahead,
      dirtyBackgroundBytes: 3 * pageSize,
      dirtyLimitBytes: 12 * pageSize,
    });
    for (let page = 0; page < 3; page++) {
      file.space.tryWrite(2 * page * pageSize, bytesOf(pageSize, 1), alice.credential);
    }
    await settle();
    expect(file.gates.of("write")).toHaveLength(0);
    file.space.tryWrite(10 * pageSize, bytesOf(pageSize, 1), alice.credential);
    await settle();
    expect(file.gates.of("write").length).toBeGreaterThan(0);
    expect(file.clock.nowMs()).toBe(0);
    expect(file.cache.counters.passes.background).toBeGreaterThan(0);
  });

  test("[S5.10] [G22] a file whose write hangs holds only itself: other files are sent, and synced", async () => {
    const file = await gatedFile({ ...noReadahead, writebackExpireMs: 0 });
    const others = await Promise.all([1, 2, 3].map((at) => anotherSpace(file, `file ${at}`)));
    file.gates.close("write");
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.clock.during(file.gates.arrived("write", 1));
    for (const other of others) await other.write(0, bytesOf(10, 2), alice);
    const waiting = file.clock.during(file.gates.arrived("write", 4));
    await waiting;
    for (const write of file.gates.of("write").slice(1)) write.pass();
    await file.clock.advance(100);
    expect(others.map((other) => other.dirtyBytes)).toEqual([0, 0, 0]);
    for (const other of others) await other.write(0, bytesOf(10, 3), alice);
    const syncing = Promise.all(others.map((other) => other.sync(asSuperuser)));
    for (const count of [5, 6, 7]) (await file.gates.arrived("write", count)).pass();
    await syncing;
    expect(file.space.dirtyBytes).toBe(10);
    file.gates.of("write")[0]?.pass();
    await file.clock.advance(100);
    expect(file.space.dirtyBytes).toBe(0);
    file.cache.checkInvariants();
  });

  test("a file that failed is left alone until its time has come; its neighbours are not", async () => {
    const file = await gatedFile({ ...noReadahead, writebackPeriodMs: 500, writebackExpireMs: 0 });
    const other = await anotherSpace(file, "other");
    file.gates.close("write");
    await file.space.write(0, bytesOf(10, 1), alice);
    (await file.clock.during(file.gates.arrived("write", 1))).refuse(new Failure("EDQUOT"));
    await settle();
    file.gates.open("write");
    await other.write(0, bytesOf(10, 2), alice);
    await file.clock.advance(600);
    expect(other.dirtyBytes).toBe(0);
    expect(file.space.dirtyBytes).toBe(10);
    await file.clock.advance(1_000);
    expect(file.space.dirtyBytes).toBe(0);
  });

  test("sends a great file on after its share, though nothing presses", async () => {
    const large = 40 * 1024 * 1024;
    const file = await gatedFile({
      readaheadBytesMax: 0,
      pageSize: 1024 * 1024,
      budgetBytes: 256 * 1024 * 1024,
    });
    expect(file.space.tryWrite(0, new Uint8Array(large), alice.credential)).toBe(large);
    await file.clock.advance(35_000);
    expect(file.space.dirtyBytes).toBe(0);
  });

  test("does nothing any more once the cache is closed", async () => {
    const file = await gatedFile({ ...noReadahead, writebackExpireMs: 0 });
    await file.space.write(0, bytesOf(10, 1), alice);
    file.cache.close();
    await file.clock.advance(60_000);
    expect(file.gates.of("write")).toHaveLength(0);
    expect(file.clock.timerCount).toBe(0);
  });
});
