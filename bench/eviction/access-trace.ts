/**
 * What a program did to its files, as runs of pages: the form in which traces are kept. A trace is a brotli stream of
 * variable-length numbers (seven bits a byte, lowest first) in columns:
 *
 *   version, handleCount, eventCount
 *   file of each handle            handleCount numbers, the difference to the handle before it (zigzag)
 *   kind of each event             0 read, 1 write, 2 drop (truncated to nothing, or its last name removed)
 *   handle of each event           the difference to the event before it (zigzag)
 *   first page of each event       the difference to where the handle's last event ended (zigzag)
 *   page count of each event
 *
 * Pages are of 4 KiB. Runs of one handle that follow each other directly are one event.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

export const tracePageBytes = 4096;
const version = 1;

export const accessKinds = ["read", "write", "drop"] as const;
export type AccessKind = (typeof accessKinds)[number];

/** One run of pages visited through one handle. */
export interface Access {
  readonly kind: AccessKind;
  readonly handle: number;
  readonly firstPage: number;
  pageCount: number;
}

/** The accesses of one workload; `fileOfHandle` says which file a handle is open on. */
export interface AccessTrace {
  readonly fileOfHandle: readonly number[];
  readonly accesses: readonly Access[];
}

const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** The bytes of a trace. */
export function encodeTrace(trace: AccessTrace): Uint8Array {
  const bytes: number[] = [];
  const put = (value: number): void => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  };
  const { fileOfHandle, accesses } = trace;
  put(version);
  put(fileOfHandle.length);
  put(accesses.length);
  fileOfHandle.forEach((file, at) => {
    put(zigzag(file - (fileOfHandle[at - 1] ?? 0)));
  });
  for (const { kind } of accesses) put(accessKinds.indexOf(kind));
  accesses.forEach(({ handle }, at) => {
    put(zigzag(handle - (accesses[at - 1]?.handle ?? 0)));
  });
  const ends = new Map<number, number>();
  for (const { handle, firstPage, pageCount } of accesses) {
    put(zigzag(firstPage - (ends.get(handle) ?? 0)));
    ends.set(handle, firstPage + pageCount);
  }
  for (const { pageCount } of accesses) put(pageCount);
  return brotliCompressSync(Uint8Array.from(bytes), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}

/** The trace of bytes that `encodeTrace` made; throws when they are something else. */
export function decodeTrace(encoded: Uint8Array): AccessTrace {
  const bytes = brotliDecompressSync(encoded);
  let position = 0;
  const take = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[position++];
      if (byte === undefined) throw new Error("the trace ends too early");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const found = take();
  if (found !== version) throw new Error(`the trace is of version ${found}, not ${version}`);
  const handleCount = take();
  const accessCount = take();
  const fileOfHandle: number[] = [];
  for (let at = 0; at < handleCount; at++) fileOfHandle.push((fileOfHandle[at - 1] ?? 0) + unzigzag(take()));
  const kinds = Array.from({ length: accessCount }, () => accessKinds[take()] as AccessKind);
  const handles: number[] = [];
  for (let at = 0; at < accessCount; at++) handles.push((handles[at - 1] ?? 0) + unzigzag(take()));
  const firsts = Array.from({ length: accessCount }, () => unzigzag(take()));
  const ends = new Map<number, number>();
  const accesses = kinds.map((kind, at): Access => {
    const handle = handles[at] as number;
    const firstPage = (firsts[at] as number) + (ends.get(handle) ?? 0);
    const pageCount = take();
    ends.set(handle, firstPage + pageCount);
    return { kind, handle, firstPage, pageCount };
  });
  return { fileOfHandle, accesses };
}

/** Visits as whole numbers, dense: 2 x page + 1 for a write, 2 x page for a read, -1 - page for a drop. */
export interface VisitSequence {
  readonly visits: Int32Array;
  /** How many different pages are visited: the footprint. */
  readonly pageCount: number;
}

/**
 * The visits that a cache with pages of `pageBytes` sees. A handle that goes on in the page where it was has not left
 * it: that is no new visit.
 */
export function visitsOf(trace: AccessTrace, pageBytes: number): VisitSequence {
  const scale = pageBytes / tracePageBytes;
  const numbers = new Map<string, number>();
  const pagesOfFile = new Map<number, Set<number>>();
  const lastOfHandle = new Map<number, number>();
  const visits: number[] = [];
  for (const { kind, handle, firstPage, pageCount } of trace.accesses) {
    const file = trace.fileOfHandle[handle] as number;
    const pages = pagesOfFile.get(file) ?? new Set<number>();
    pagesOfFile.set(file, pages);
    if (kind === "drop") {
      for (const page of pages) visits.push(-1 - page);
      pages.clear();
      continue;
    }
    const end = Math.ceil((firstPage + pageCount) / scale);
    for (let index = Math.floor(firstPage / scale); index < end; index++) {
      const identity = `${file}:${index}`;
      let page = numbers.get(identity);
      if (page === undefined) {
        page = numbers.size;
        numbers.set(identity, page);
      }
      if (lastOfHandle.get(handle) === page && pages.has(page)) continue;
      lastOfHandle.set(handle, page);
      pages.add(page);
      visits.push(kind === "write" ? 2 * page + 1 : 2 * page);
    }
  }
  return { visits: Int32Array.from(visits), pageCount: numbers.size };
}
