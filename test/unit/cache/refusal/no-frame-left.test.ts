/**
 * Refused bytes that nobody takes hold every frame: who needs another one is told so, instead of waiting for ever, and goes on
 * when a frame may come.
 */
import { describe, expect, test } from "vitest";
import { type ErrorCode, Failure } from "../../../../src/base/index.ts";
import type { AddressSpace, CacheOptions } from "../../../../src/cache/index.ts";
import { alice, anotherSpace, bytesOf, framesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { type RefusalScene, refusalScene, refuseAll } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const budgetPages = 16;
const stored = bytesOf(4 * budgetPages * pageSize, 7);
const hourMs = 3_600_000;

/** A file larger than the cache, all of which may be dirty. */
async function scene(options: Partial<CacheOptions> = {}): Promise<RefusalScene> {
  const limits = { dirtyBackgroundBytes: (budgetPages - 1) * pageSize, dirtyLimitBytes: budgetPages * pageSize };
  const file = await refusalScene(stored, { ...limits, ...options });
  file.rescue.failure = new Failure("ENOSPC", { syscall: "rescue" });
  return file;
}

/** The whole pages are dirty; whoever fills the last frame is held, and hears later that his bytes were taken. */
async function writePages(space: AddressSpace, first: number, count: number): Promise<void> {
  for (let page = first; page < first + count; page++) {
    void space.write(page * pageSize, bytesOf(pageSize, 1), alice);
    await settle();
  }
}

/** Refused bytes in the first `count` pages, and no rescue takes them. */
async function refusedPages(count: number): Promise<RefusalScene> {
  const file = await scene();
  await writePages(file.space, 0, count);
  await refuseAll(file);
  expect(file.space.unrescuedBytes).toBe(count * pageSize);
  return file;
}

function heard(operation: Promise<unknown>): Promise<unknown> {
  return operation.catch((failure: unknown) => failure);
}

/** What the operation comes to within half an hour: its answer, its failure, or that it still waits. */
async function outcomeOf(file: RefusalScene, operation: Promise<unknown>): Promise<unknown> {
  return Promise.race([heard(operation), file.clock.advance(hourMs / 2).then(() => "waits")]);
}

const noMemory = (code: ErrorCode) => ({ code: "ENOMEM", syscall: "read", cause: expect.objectContaining({ code }) });

describe("refused bytes in every frame", () => {
  test("[G20] [S5.9] a read that needs one more is ENOMEM, with the refusal as its cause", async () => {
    const file = await refusedPages(budgetPages);
    expect(await outcomeOf(file, readBack(file.space, 20 * pageSize, 1))).toMatchObject(noMemory("EACCES"));
    expect(await readBack(file.space, 3 * pageSize, 1)).toEqual(bytesOf(1, 1));
    file.rescue.failure = undefined;
    await file.clock.during(file.space.sync(alice));
    expect(await readBack(file.space, 20 * pageSize, 1)).toEqual(bytesOf(1, 7));
  });

  test("[G20] one that waits already hears it when the last bytes are refused", async () => {
    const file = await scene();
    await writePages(file.space, 0, budgetPages);
    const reading = heard(readBack(file.space, 20 * pageSize, 1));
    await refuseAll(file);
    expect(await outcomeOf(file, reading)).toMatchObject(noMemory("EACCES"));
  });

  test("[G20] so it is where the frames are those of refused bytes and of what was written over them since", async () => {
    const file = await refusedPages(budgetPages / 2);
    file.gates.open("write");
    await writePages(file.space, 0, budgetPages / 2);
    await file.clock.during(file.space.writeback("sync", alice));
    expect(file.cache.snapshot()).toMatchObject({ frameBytes: budgetPages * pageSize, dirtyBytes: 0 });
    expect(await outcomeOf(file, readBack(file.space, 20 * pageSize, 1))).toMatchObject(noMemory("EACCES"));
    const writing = file.space.write(20 * pageSize, bytesOf(pageSize, 2), alice);
    expect(await outcomeOf(file, writing)).toMatchObject({ code: "EACCES", syscall: "write" });
  });

  test("[G20] a store without room does so as well, until it has some", async () => {
    const file = await scene();
    await writePages(file.space, 0, budgetPages);
    const reading = heard(readBack(file.space, 20 * pageSize, 1));
    await refuseAll(file, "ENOSPC");
    expect(await outcomeOf(file, reading)).toMatchObject(noMemory("ENOSPC"));
    expect(file.space.dirtyBytes).toBe(budgetPages * pageSize);
    file.gates.open("write");
    await file.clock.during(file.space.sync(alice));
    expect(await readBack(file.space, 20 * pageSize, 1)).toEqual(bytesOf(1, 7));
  });
});

describe("refused bytes in all frames but one", () => {
  test("[G20] a read waits for the one that another reader holds", async () => {
    const file = await refusedPages(budgetPages - 1);
    const views = await framesOf(file.space, 30 * pageSize, 1);
    const reading = readBack(file.space, 20 * pageSize, 1);
    expect(await outcomeOf(file, reading)).toBe("waits");
    views.release();
    expect(await reading).toEqual(bytesOf(1, 7));
  });

  test("[G20] a read waits for the one that is being filled", async () => {
    const file = await refusedPages(budgetPages - 1);
    file.gates.close("read");
    const first = readBack(file.space, 30 * pageSize, 1);
    await file.gates.arrived("read", 1);
    const reading = readBack(file.space, 20 * pageSize, 1);
    expect(await outcomeOf(file, reading)).toBe("waits");
    file.gates.open("read");
    expect(await Promise.all([first, reading])).toEqual([bytesOf(1, 7), bytesOf(1, 7)]);
  });

  test("[G20] a read waits for one with bytes that nobody has refused, though others of their file were", async () => {
    const file = await refusedPages(budgetPages - 2);
    await writePages(await anotherSpace(file, "other"), 0, 1);
    await writePages(file.space, 30, 1);
    const reading = readBack(file.space, 20 * pageSize, 1);
    expect(await outcomeOf(file, reading)).toBe("waits");
    file.gates.open("write");
    expect(await file.clock.during(reading)).toEqual(bytesOf(1, 7));
  });

  test("[S5.9] not all that is held is refused while a file with refused bytes has others that may be sent", async () => {
    const file = await refusedPages(3);
    expect(file.cache.refusalOfEverything()).toMatchObject({ code: "EACCES" });
    await writePages(file.space, 30, 1);
    expect(file.cache.refusalOfEverything()).toBeUndefined();
    await refuseAll(file, "ENOSPC");
    expect(file.cache.refusalOfEverything()).toMatchObject({ code: "ENOSPC" });
  });
});
