/** The recorder behind the eviction figures: what strace wrote becomes the right visits, and a kept trace comes back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AccessTrace,
  accessKinds,
  decodeTrace,
  encodeTrace,
  visitsOf,
} from "../../../../bench/eviction/access-trace.ts";
import { Recording } from "../../../../bench/eviction/recording.ts";
import { callsOf } from "../../../../bench/eviction/strace-calls.ts";

function traceOf(lines: readonly string[]): AccessTrace {
  const recording = new Recording("/srv", "/srv/here");
  for (const call of callsOf(lines)) recording.take(call);
  return recording.trace;
}

const runs = (trace: AccessTrace): string[] =>
  trace.accesses.map(
    ({ kind, handle, firstPage, pageCount }) => `${kind} f${trace.fileOfHandle[handle]} ${firstPage}+${pageCount}`,
  );

describe("recorded traces", () => {
  it("follow positions through read, seek, dup, fork and calls that were interrupted", () => {
    const trace = traceOf([
      '10 openat(AT_FDCWD</srv/here>, "a", O_RDONLY) = 3</srv/here/a>',
      '10 openat(AT_FDCWD</srv/here>, "/etc/passwd", O_RDONLY) = 4</etc/passwd>',
      '10 read(4</etc/passwd>, ""..., 4096) = 4096',
      '10 read(3</srv/here/a>, ""..., 10000) = 10000',
      "10 dup(3</srv/here/a>) = 7</srv/here/a>",
      "10 clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7f) = 11",
      "11 read(7</srv/here/a>,  <unfinished ...>",
      "10 lseek(3</srv/here/a>, 81920, SEEK_SET) = 81920",
      '11 <... read resumed>""..., 100) = 100',
      '10 pread64(3</srv/here/a>, ""..., 4096, 4096) = 4096',
      '10 read(3</srv/here/a>, ""..., 4096) = -1 EINTR (Interrupted system call)',
      "10 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</srv/here/a>, 0x4000) = 0x7f0000000000",
      "10 +++ exited with 0 +++",
    ]);
    expect(runs(trace)).toEqual(["read f0 0+3", "read f0 20+1", "read f0 1+1", "read f0 4+2"]);
  });

  it("follow names: a file that is renamed stays itself, one that loses its last name is dropped", () => {
    const trace = traceOf([
      '10 openat(AT_FDCWD</srv/here>, "new", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</srv/here/new>',
      '10 write(3</srv/here/new>, ""..., 4096) = 4096',
      '10 rename("new", "final") = 0',
      '10 link("final", "other") = 0',
      '10 unlink("final") = 0',
      '10 openat(AT_FDCWD</srv/here>, "other", O_RDONLY) = 4</srv/here/other>',
      '10 read(4</srv/here/other>, ""..., 4096) = 4096',
      '10 unlinkat(AT_FDCWD</srv/here>, "other", 0) = 0',
    ]);
    expect(runs(trace)).toEqual(["write f0 0+1", "read f0 0+1", "drop f0 0+0"]);
    expect([...visitsOf(trace, 4096).visits]).toEqual([1, 0, -1]);
  });

  it("count a stay in one page as one visit, whatever the page's size", () => {
    const trace = traceOf([
      '10 open("a", O_RDONLY) = 3</srv/here/a>',
      ...Array.from({ length: 40 }, () => '10 read(3</srv/here/a>, ""..., 1024) = 1024'),
    ]);
    expect(visitsOf(trace, 4096).visits.length).toBe(10);
    expect(visitsOf(trace, 65536)).toEqual({ visits: Int32Array.of(0), pageCount: 1 });
  });

  it("come back from their bytes as they were", () => {
    const access = fc.record({
      kind: fc.constantFrom(...accessKinds),
      handle: fc.nat(9),
      firstPage: fc.nat(2 ** 40),
      pageCount: fc.nat(100_000),
    });
    const files = fc.array(fc.nat(1000), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(files, fc.array(access), (fileOfHandle, accesses) => {
        expect(decodeTrace(encodeTrace({ fileOfHandle, accesses }))).toEqual({ fileOfHandle, accesses });
      }),
      { numRuns: 30 },
    );
  });
});
