/** Read-ahead walked through the sequences that the head of mm/readahead.c and its callers describe. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CachedPages, initialSize, nextSize, Readahead } from "../../../../src/cache/read/readahead.ts";

/** A file whose pages are cached at once when asked for, with the marker on the page, as the kernel has it. */
class FilledFile implements CachedPages {
  readonly pageCount: number;
  readonly cached = new Set<number>();
  readonly markers = new Set<number>();
  readonly windows: string[] = [];
  waitCount = 0;

  constructor(pageCount: number) {
    this.pageCount = pageCount;
  }

  cachedBefore(page: number, countMax: number): number {
    let count = 0;
    while (count < countMax && this.cached.has(page - 1 - count)) count++;
    return count;
  }

  cachedFrom(page: number, countMax: number): number {
    let count = 0;
    while (count < countMax && this.cached.has(page + count)) count++;
    return count;
  }

  fill(readahead: Readahead, kind: string): void {
    this.windows.push(`${kind} ${readahead.readFirst}+${readahead.readCount}`);
    for (let page = readahead.readFirst; page < readahead.readFirst + readahead.readCount; page++) {
      if (page < this.pageCount) this.cached.add(page);
    }
    if (readahead.markerPage >= 0) this.markers.add(readahead.markerPage);
    readahead.checkInvariants();
  }

  read(readahead: Readahead, firstPage: number, pageCount: number): void {
    for (let page = firstPage; page < Math.min(firstPage + pageCount, this.pageCount); page++) {
      const remaining = firstPage + pageCount - page;
      if (!this.cached.has(page)) {
        this.waitCount++;
        readahead.missed(page, remaining, this);
        this.fill(readahead, "wait");
      } else if (this.markers.delete(page) && readahead.reached(page, remaining, this)) this.fill(readahead, "ahead");
    }
    readahead.visited(firstPage + pageCount - 1);
  }
}

describe("read-ahead sizes", () => {
  it("starts with four times a small request, twice a middling one, and the largest window for a large one", () => {
    expect([1, 2, 3, 8, 9, 32, 33].map((pageCount) => initialSize(pageCount, 32))).toEqual([4, 4, 8, 16, 32, 32, 32]);
    expect([1, 8, 9, 64, 65].map((pageCount) => initialSize(pageCount, 256))).toEqual([4, 32, 32, 128, 256]);
  });

  it("grows by four while small, then by two, up to the largest window", () => {
    expect([1, 2, 8, 16, 17, 32].map((size) => nextSize(size, 32))).toEqual([4, 4, 16, 32, 32, 32]);
    const sizes = [4];
    while ((sizes.at(-1) as number) < 512) sizes.push(nextSize(sizes.at(-1) as number, 512));
    expect(sizes).toEqual([4, 16, 64, 128, 256, 512]);
  });
});

describe("read-ahead of one handle", () => {
  it("reads a file from its start with one wait, windows of 4, 8, 16, 32, 32 pages asked for at their markers", () => {
    const file = new FilledFile(200);
    const readahead = new Readahead(32);
    for (let page = 0; page < 124; page++) file.read(readahead, page, 1);
    expect(file.windows).toEqual([
      "wait 0+4",
      "ahead 4+8",
      "ahead 12+16",
      "ahead 28+32",
      "ahead 60+32",
      "ahead 92+32",
      "ahead 124+32",
    ]);
    expect(file.waitCount).toBe(1);
  });

  it("puts the marker of the first window after the request", () => {
    const readahead = new Readahead(32);
    readahead.missed(0, 3, new FilledFile(100));
    expect([readahead.readFirst, readahead.readCount, readahead.markerPage]).toEqual([0, 8, 3]);
    expect(readahead.reaches(0, 3)).toBe(false);
    expect(readahead.reaches(3, 1)).toBe(true);
    expect(readahead.reaches(2, 4)).toBe(true);
  });

  it("reads a small random request as it is and leaves the window alone", () => {
    const file = new FilledFile(1000);
    const readahead = new Readahead(32);
    file.read(readahead, 0, 1);
    file.read(readahead, 500, 2);
    file.read(readahead, 300, 1);
    expect(file.windows).toEqual(["wait 0+4", "wait 500+2", "wait 300+1"]);
    expect([readahead.start, readahead.size, readahead.asyncSize]).toEqual([0, 4, 3]);
    expect(readahead.markerPage).toBe(-1);
  });

  it("takes a read next to the last one, or going on inside its last page, for sequential", () => {
    const file = new FilledFile(1000);
    const readahead = new Readahead(32);
    file.read(readahead, 500, 1);
    file.read(readahead, 501, 1);
    expect(file.windows).toEqual(["wait 500+1", "wait 501+4"]);
    const samePage = new Readahead(32);
    samePage.visited(700);
    samePage.missed(700, 1, file);
    expect(samePage.readCount).toBe(4);
  });

  it("reads a request longer than a window as far as the store gives at once, marked half way", () => {
    const readahead = new Readahead(32);
    readahead.missed(900, 100, new FilledFile(1000));
    expect([readahead.readFirst, readahead.readCount, readahead.markerPage]).toEqual([900, 32, 916]);
    const farStore = new Readahead(32, 64);
    farStore.missed(900, 100, new FilledFile(1000));
    expect([farStore.readFirst, farStore.readCount, farStore.markerPage]).toEqual([900, 64, 932]);
    farStore.checkInvariants();
  });

  it("counts a cached run before the miss as history: window of run and request, marker on its last page", () => {
    const file = new FilledFile(1000);
    for (let page = 493; page < 500; page++) file.cached.add(page);
    const readahead = new Readahead(32);
    readahead.missed(500, 2, file);
    expect([readahead.readFirst, readahead.readCount, readahead.markerPage]).toEqual([500, 9, 508]);
    readahead.missed(500, 7, file);
    expect(readahead.readCount).toBe(7);
    expect(readahead.size).toBe(9);
  });

  it("counts a run that reaches back to the start of the file twice", () => {
    const file = new FilledFile(1000);
    for (let page = 0; page < 10; page++) file.cached.add(page);
    const readahead = new Readahead(32);
    readahead.missed(10, 1, file);
    expect([readahead.readFirst, readahead.readCount]).toEqual([10, 21]);
  });

  it("goes on after the cached run when a marker is not its own", () => {
    const file = new FilledFile(1000);
    for (let page = 100; page < 108; page++) file.cached.add(page);
    const readahead = new Readahead(32);
    expect(readahead.reached(100, 1, file)).toBe(true);
    expect([readahead.readFirst, readahead.readCount, readahead.markerPage]).toEqual([108, 18, 108]);
    for (let page = 108; page < 200; page++) file.cached.add(page);
    expect(readahead.reached(100, 1, file)).toBe(false);
  });

  it("keeps two readers of one handle going, with few waits", () => {
    const file = new FilledFile(4000);
    const readahead = new Readahead(32);
    for (let step = 0; step < 1000; step++) {
      file.read(readahead, step, 1);
      file.read(readahead, 2000 + step, 1);
    }
    expect(file.waitCount).toBeLessThan(12);
  });

  it("reads only what is asked for when it is turned off", () => {
    const file = new FilledFile(100);
    const readahead = new Readahead(0);
    for (let page = 0; page < 5; page++) file.read(readahead, page, 1);
    expect(file.windows).toEqual(["wait 0+1", "wait 1+1", "wait 2+1", "wait 3+1", "wait 4+1"]);
  });

  it("answers a miss with a window that begins with the wanted pages, whatever went before", () => {
    const reads = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 50 })), { maxLength: 60 });
    fc.assert(
      fc.property(reads, fc.nat(40), (sequence, pageCountMax) => {
        const file = new FilledFile(400);
        const readahead = new Readahead(pageCountMax);
        for (const [firstPage, pageCount] of sequence) {
          file.read(readahead, firstPage, pageCount);
          for (let page = firstPage; page < firstPage + pageCount; page++) expect(file.cached.has(page)).toBe(true);
        }
      }),
    );
  });
});
