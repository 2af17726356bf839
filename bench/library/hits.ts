/** Reads and writes that hit, synchronous and through promises, against plain copies of the same bytes. */
import { openVolume } from "holdfast";
import { MemoryServer, memoryStore } from "holdfast/stores/memory";
import { type Contender, speedAgainst, type Timing, takeTurns } from "../measure.ts";
import { megabytesPerSecond, nanoseconds, percent, type Report, type Table, type Target } from "../report.ts";
import { cachedFile, call, credential } from "./cached-file.ts";
import { plainPieces } from "./plain-memory.ts";

const footprintBytes = 64 * 1024 * 1024;

interface Shape {
  readonly pieceBytes: number;
  readonly pageSize: number;
}

const shapes: readonly Shape[] = [
  { pieceBytes: 65536, pageSize: 65536 },
  { pieceBytes: 4096, pageSize: 65536 },
  { pieceBytes: 4096, pageSize: 4096 },
];

/** Copies out of, or into, every piece of plain memory. */
function plainCopies(pieceBytes: number, direction: "read" | "write"): Contender {
  const pieces = plainPieces(pieceBytes, footprintBytes / pieceBytes);
  const own = new Uint8Array(pieceBytes);
  const run = {
    read: () => {
      for (let at = 0; at < pieces.length; at++) own.set(pieces[at] as Uint8Array);
    },
    write: () => {
      for (let at = 0; at < pieces.length; at++) (pieces[at] as Uint8Array).set(own);
    },
  };
  return { name: `plain copy, ${direction}`, run: run[direction] };
}

async function synchronous({ pieceBytes, pageSize }: Shape): Promise<Contender[]> {
  const { space, readahead } = await cachedFile({ pageSize, pageCount: footprintBytes / pageSize });
  const own = new Uint8Array(pieceBytes);
  const read = (): void => {
    for (let at = 0; at < footprintBytes; at += pieceBytes) {
      if (space.tryRead(at, own, readahead, credential) !== pieceBytes) throw new Error("a read missed");
    }
  };
  const write = (): void => {
    for (let at = 0; at < footprintBytes; at += pieceBytes) {
      if (space.tryWrite(at, own, credential) !== pieceBytes) throw new Error("a write had to wait");
    }
  };
  return [
    { name: "tryRead", run: read },
    { name: "tryWrite, clean pages", run: write, prepare: () => space.writeback("sync", call) },
    { name: "tryWrite, dirty pages", run: write },
  ];
}

/** The promise forms of an open file of a volume, one awaited after the other. */
async function promised({ pieceBytes, pageSize }: Shape): Promise<{ contenders: Contender[]; end(): Promise<void> }> {
  const budgetBytes = 4 * footprintBytes;
  const limits = { budgetBytes, dirtyLimitBytes: budgetBytes, dirtyBackgroundBytes: budgetBytes - pageSize };
  const volume = await openVolume(memoryStore(new MemoryServer()), { pageSize, ...limits });
  const file = await volume.open("/file", "w+");
  const own = new Uint8Array(pieceBytes);
  const write = async (): Promise<void> => {
    for (let at = 0; at < footprintBytes; at += pieceBytes) await file.write(own, 0, pieceBytes, at);
  };
  await write();
  const read = async (): Promise<void> => {
    for (let at = 0; at < footprintBytes; at += pieceBytes) await file.read(own, 0, pieceBytes, at);
  };
  return {
    contenders: [
      { name: "FileHandle.read", run: read },
      { name: "FileHandle.write, dirty pages", run: write },
    ],
    end: async () => {
      await file.close();
      await volume.close();
    },
  };
}

function rowOf(timing: Timing, yardstick: Timing, { pieceBytes }: Shape): string[] {
  return [
    timing.name,
    nanoseconds(timing.nsMedian),
    megabytesPerSecond(pieceBytes, timing.nsMedian),
    timing === yardstick ? "" : percent(speedAgainst(timing, yardstick)),
  ];
}

function targetsOf({ pieceBytes, pageSize }: Shape, pairs: readonly (readonly [Timing, Timing])[]): Target[] {
  return pairs.flatMap(([timing, plain]): Target[] => {
    const ratio = speedAgainst(timing, plain);
    const what = `${pieceBytes / 1024} KiB ${timing.name}, ${pageSize / 1024} KiB pages`;
    if (pieceBytes === 65536) {
      const wanted = timing.name.includes("ead") ? 0.5 : 0.4;
      return [
        { what, wanted: `${percent(wanted)} of a plain copy`, measured: percent(ratio), reached: ratio >= wanted },
      ];
    }
    if (timing.name !== "tryRead") return [];
    const perSecond = 1e9 / timing.nsMedian;
    const measured = `${(perSecond / 1e6).toFixed(1)} million/s, ${percent(ratio)}`;
    return [{ what, wanted: "1 million/s, or 25 %", measured, reached: perSecond >= 1e6 || ratio >= 0.25 }];
  });
}

export async function hits(quick: boolean): Promise<Report> {
  const tables: Table[] = [];
  const targets: Target[] = [];
  for (const shape of shapes) {
    const { pieceBytes, pageSize } = shape;
    const viaPromises = await promised(shape);
    const contenders = [
      plainCopies(pieceBytes, "read"),
      plainCopies(pieceBytes, "write"),
      ...(await synchronous(shape)),
      ...viaPromises.contenders,
    ];
    const timings = await takeTurns(contenders, footprintBytes / pieceBytes, quick ? 7 : 25);
    await viaPromises.end();
    const [plainRead, plainWrite, ...rest] = timings as [Timing, Timing, ...Timing[]];
    const pairs = rest.map((timing) => [timing, timing.name.includes("ead") ? plainRead : plainWrite] as const);
    const rows = [[plainRead, plainRead] as const, [plainWrite, plainWrite] as const, ...pairs];
    tables.push({
      title: `${pieceBytes / 1024} KiB hits in ${pageSize / 1024} KiB pages, ${footprintBytes >> 20} MiB in order`,
      columns: ["", "ns each", "MB/s", "of a plain copy"],
      rows: rows.map(([timing, plain]) => rowOf(timing, plain, shape)),
    });
    targets.push(...targetsOf(shape, pairs));
  }
  return { tables, targets };
}
