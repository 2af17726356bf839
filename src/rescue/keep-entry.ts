/**
 * Keeping refused bytes (S5.2): written under a name of their own, synced, renamed, and the directory synced, so that after
 * a crash at any instant an entry is whole or not there. What is kept is reserved first, so that limits hold although
 * several processes keep entries in one directory.
 */
import { createHash } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
import { assert, type CancelSignal, Failure } from "../base/index.ts";
import type { RefusedBytes, RefusedRange, RescueId } from "../port/index.ts";
import { type Draft, openDraft, publish, removeDraft } from "./draft.ts";
import { filesIn, ownerOnlyFile, syncDirectory } from "./layout.ts";
import { manifestOf, type RescueManifest, sealManifest } from "./manifest.ts";

/** Frames may be a few bytes each; they are written so many bytes at a time, at least. */
const batchBytesMin = 1024 * 1024;

export interface KeepTerms {
  readonly directory: string;
  readonly storeUrl: string | undefined;
  /** Makes a draft by `reserve` and answers with it when the directory is within its limits then; removes it otherwise. */
  admit(reserve: () => Promise<Draft>): Promise<Draft>;
}

/** Keeps the bytes; rejects, having kept nothing, when that cannot be done. */
export async function keepEntry(refused: RefusedBytes, terms: KeepTerms, signal: CancelSignal): Promise<RescueId> {
  checkRanges(refused.ranges);
  goOnUnless(signal);
  const draft = await terms.admit(() => reserve(refused, terms));
  try {
    const manifest = await writeBytes(draft, manifestOf(draft.id, refused, terms.storeUrl), refused.ranges, signal);
    await writeManifest(draft, manifest);
    await draft.bytes.sync();
    await syncDirectory(draft.directory);
    goOnUnless(signal);
    await publish(draft, terms.directory);
    return draft.id;
  } catch (thrown) {
    await removeDraft(draft.directory);
    throw thrown;
  } finally {
    await draft.bytes.close();
  }
}

/** A draft whose files have the sizes that they are going to have. */
async function reserve(refused: RefusedBytes, { directory, storeUrl }: KeepTerms): Promise<Draft> {
  const draft = await openDraft(directory, refused.refusedAtNs);
  try {
    const text = sealManifest(manifestOf(draft.id, refused, storeUrl));
    await writeFile(filesIn(draft.directory).manifest, text, { flag: "wx", mode: ownerOnlyFile });
    await draft.bytes.truncate(refused.ranges.reduce((sum, range) => sum + range.byteCount, 0));
    return draft;
  } catch (thrown) {
    await removeDraft(draft.directory);
    await draft.bytes.close();
    throw thrown;
  }
}

async function writeManifest(draft: Draft, manifest: RescueManifest): Promise<void> {
  const file = await open(filesIn(draft.directory).manifest, "r+");
  try {
    await file.writeFile(sealManifest(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
}

function checkRanges(ranges: readonly RefusedRange[]): void {
  assert(ranges.length > 0, "something is kept");
  let end = 0;
  for (const { offset, byteCount, frames } of ranges) {
    const inFrames = frames.reduce((sum, frame) => sum + frame.length, 0);
    assert(byteCount > 0 && byteCount === inFrames, "a refused range has as many bytes as its frames");
    assert(offset >= end, "refused ranges ascend");
    end = offset + byteCount;
  }
}

function goOnUnless(signal: CancelSignal): void {
  if (signal.aborted) throw new Failure("EINTR", { detail: "keeping refused bytes was interrupted" });
}

/** Writes all ranges, one after the other; answers with the manifest that has their check sums. */
async function writeBytes(
  draft: Draft,
  manifest: RescueManifest,
  ranges: readonly RefusedRange[],
  signal: CancelSignal,
): Promise<RescueManifest> {
  const sums = ranges.map(() => createHash("sha256"));
  function* batches(): Generator<Uint8Array> {
    const batch: Uint8Array[] = [];
    let batchBytes = 0;
    for (const [at, { frames }] of ranges.entries()) {
      for (const frame of frames) {
        goOnUnless(signal);
        sums[at]?.update(frame);
        batch.push(frame);
        batchBytes += frame.length;
        if (batchBytes < batchBytesMin) continue;
        yield Buffer.concat(batch);
        batch.length = 0;
        batchBytes = 0;
      }
    }
    yield Buffer.concat(batch);
  }
  await writeFile(draft.bytes, batches());
  const summed = manifest.ranges.map((range, at) => ({ ...range, sha256: sums[at]?.digest("hex") ?? range.sha256 }));
  return { ...manifest, ranges: summed };
}
