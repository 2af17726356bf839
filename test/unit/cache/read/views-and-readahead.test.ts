/** A hit may start read-ahead, which may need frames; it must not take the ones that the hit has just shown. */
import { expect, test } from "vitest";
import { SeededRandom } from "../../../../src/base/index.ts";
import { FrameRun } from "../../../../src/cache/index.ts";
import { superuser } from "../../../../src/port/index.ts";
import { asSuperuser, type CachedFile, cachedFile } from "../../../kit/cached-file.ts";

const pageSize = 4096;
const pageCount = 200;

/** Every page has its own byte, and the frames are far fewer than the pages. */
async function longFile(frames: number): Promise<CachedFile> {
  const file = await cachedFile({ budgetBytes: frames * pageSize, readaheadBytesMax: 8 * pageSize });
  for (let page = 0; page < pageCount; page += 1) {
    await file.space.write(page * pageSize, new Uint8Array(pageSize).fill(page + 1), asSuperuser);
  }
  await file.space.sync(asSuperuser);
  return file;
}

test("[G1] views of frames show the file when read-ahead starts, in a cache that is full", async () => {
  const file = await longFile(16);
  const random = new SeededRandom(4711);
  const readers = Array.from({ length: 3 }, () => ({ readahead: file.space.newReadahead(), next: 0 }));
  const run = new FrameRun();
  let hits = 0;
  for (let step = 0; step < 4000; step += 1) {
    const reader = random.pick(readers);
    if (reader.next >= pageCount || random.chance(0.01)) reader.next = random.below(pageCount);
    const position = reader.next * pageSize;
    if (file.space.tryReadFrames(position, pageSize, reader.readahead, run, superuser)) hits += 1;
    else await file.space.readFrames(position, pageSize, reader.readahead, run, asSuperuser);
    const seen = run.views.flatMap((view) => [view.at(0), view.at(-1)]);
    expect(seen, `step ${step}`).toEqual([reader.next + 1, reader.next + 1]);
    run.release();
    reader.next += 1;
  }
  expect(hits).toBeGreaterThan(1000);
  file.cache.checkInvariants();
});

test("what is read ahead comes when the reader has its answer, not before", async () => {
  const file = await longFile(64);
  await file.space.invalidate(0, pageCount * pageSize, asSuperuser);
  const readahead = file.space.newReadahead();
  const run = new FrameRun();
  await file.space.readFrames(0, pageSize, readahead, run, asSuperuser);
  run.release();
  const before = file.space.pages.count;
  const marked = readahead.start + readahead.size - readahead.asyncSize;
  expect(file.space.tryReadFrames(marked * pageSize, pageSize, readahead, run, superuser)).toBe(true);
  expect(file.space.pages.count).toBe(before);
  run.release();
  expect(file.space.pages.count).toBeGreaterThan(before);
});
