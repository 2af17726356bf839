/**
 * Memory beside the frames: what the heap and external memory of the process hold for each cached page, less the frame
 * itself. The process is started with the garbage collector exposed, so that rubbish is not counted.
 */
import { grouped, type Report } from "../report.ts";
import { cachedFile, credential } from "./cached-file.ts";
import { separatePieces } from "./plain-memory.ts";

const besideBytesMax = 200;

function usedBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("start node with --expose-gc");
  for (let times = 0; times < 3; times++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What the engine itself keeps for a piece of memory that is an allocation of its own, as each frame is. */
function besideBarePieces(pageSize: number, pageCount: number): number {
  const before = usedBytes();
  const pieces = separatePieces(pageSize, pageCount);
  return (usedBytes() - before) / pieces.length - pageSize;
}

async function besideFrames(pageSize: number, pageCount: number): Promise<{ clean: number; dirty: number }> {
  // A cache and a file of the least size first, kept to the end, so that what is compiled and made once is not counted.
  const first = await cachedFile({ pageSize, pageCount: 64, framesMax: 64 });
  const before = usedBytes();
  const file = await cachedFile({ pageSize, pageCount, framesMax: pageCount });
  const frames = file.cache.snapshot().frameBytes;
  const clean = usedBytes() - before - frames;
  const own = new Uint8Array(pageSize);
  for (let at = 0; at < file.byteCount && file.space.tryWrite(at, own, credential) === pageSize; at += pageSize);
  const dirty = usedBytes() - before - frames;
  if (file.cache.snapshot().dirtyPages < pageCount * 0.9) throw new Error("the file did not become dirty");
  if (first.cache.snapshot().cachedPages !== 64) throw new Error("the first file was dropped");
  return { clean: clean / pageCount, dirty: dirty / pageCount };
}

export async function pageMemory(quick: boolean): Promise<Report> {
  const rows: string[][] = [];
  let measured = 0;
  for (const [pageSize, pageCount] of [
    [65536, quick ? 4_096 : 16_384],
    [4096, quick ? 65_536 : 262_144],
  ] as const) {
    const { clean, dirty } = await besideFrames(pageSize, pageCount);
    const bare = besideBarePieces(pageSize, pageCount);
    if (pageSize === 65536) measured = Math.max(clean, dirty);
    rows.push([`${pageSize / 1024} KiB`, grouped(pageCount), bare.toFixed(0), clean.toFixed(0), dirty.toFixed(0)]);
  }
  return {
    tables: [
      {
        title: "Memory beside the frames, bytes a page",
        columns: ["page size", "pages", "bare pieces", "clean", "dirty"],
        rows,
        notes: [
          "Heap and external memory after a full collection, less the frames; the cache's fixed tables included. Bare pieces: as",
          "many Uint8Arrays, each with memory of its own, and nothing else: what the engine needs for the frames alone.",
        ],
      },
    ],
    targets: [
      {
        what: "memory beside the frames, each 64 KiB page",
        wanted: `under ${besideBytesMax} bytes`,
        measured: `${measured.toFixed(0)} bytes`,
        reached: measured < besideBytesMax,
      },
    ],
  };
}
