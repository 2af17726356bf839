/** A rescue directory of its own for one test, and refused bytes to put into it. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, neverFires } from "../../src/base/index.ts";
import type { RefusedBytes, RescueId } from "../../src/port/index.ts";
import { openRescue, type Rescue, type RescueOptions } from "../../src/rescue/index.ts";
import { alice } from "./memory-volume.ts";

export interface RescueStage extends AsyncDisposable {
  readonly directory: string;
  /** Opens the directory; everything opened is closed at the end. */
  open(options?: RescueOptions): Promise<Rescue>;
}

/** A directory that only its owner can enter. The end removes it. */
export async function rescueStage(): Promise<RescueStage> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "holdfast-rescue-")));
  const opened: Rescue[] = [];
  return {
    directory,
    async open(options = {}) {
      const rescue = await openRescue(directory, options);
      opened.push(rescue);
      return rescue;
    },
    async [Symbol.asyncDispose]() {
      for (const rescue of opened) await rescue.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What alice wrote to a file and was refused, with `changes`; ranges are texts by offset, a frame of 4 bytes each. */
export function refusedText(
  ranges: Readonly<Record<number, string>>,
  changes: Partial<Omit<RefusedBytes, "ranges">> = {},
): RefusedBytes {
  const listed = Object.entries(ranges).map(([offset, text]) => refusedRange(Number(offset), Buffer.from(text)));
  return refusedBytes(listed, changes);
}

export function refusedBytes(
  ranges: RefusedBytes["ranges"],
  changes: Partial<Omit<RefusedBytes, "ranges">> = {},
): RefusedBytes {
  return {
    node: "7",
    path: "/docs/letter.txt",
    ranges,
    credential: alice,
    failure: new Failure("EACCES", { syscall: "write", path: "/docs/letter.txt" }),
    refusalClass: "permission",
    refusedAtNs: 1_795_264_496_123_456_789n,
    baseVersion: "3",
    foundVersion: undefined,
    fileSize: 4096,
    ...changes,
  };
}

export function refusedRange(offset: number, bytes: Uint8Array, frameBytes = 4): RefusedBytes["ranges"][number] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += frameBytes) frames.push(bytes.subarray(at, at + frameBytes));
  return { offset, byteCount: bytes.length, frames };
}

export function keep(rescue: Rescue, refused: RefusedBytes): Promise<RescueId> {
  return rescue.keep(refused, neverFires);
}

/** The bytes of an entry as text, by the offset of their range. */
export async function rescuedText(rescue: Rescue, id: RescueId): Promise<Record<number, string>> {
  const texts: Record<number, string> = {};
  for await (const { range, bytes } of rescue.read(id)) {
    texts[range.offset] = (texts[range.offset] ?? "") + Buffer.from(bytes).toString();
  }
  return texts;
}
