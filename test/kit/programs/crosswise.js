/**
 * Writes a page of a file again and again, each time from a shared mapping of a page of the same file, whose memory is given
 * back to the kernel before, so that the write itself has to fault it in. Started with the file, the page to write and the
 * page to write from.
 */
import { openSync } from "node:fs";
import koffi from "koffi";
import { mapShared, mmap, protectRead, pwriteFrom } from "../differential/system-calls.js";

const [path, to, from] = process.argv.slice(2);
const pageSize = 4096;
const rounds = 500;
const dontNeed = 4;
const madvise = koffi.load("libc.so.6").func("int madvise(uintptr_t address, size_t length, int advice)");

const file = openSync(path, "r+");
const source = mmap(0, pageSize, protectRead, mapShared, file, Number(from) * pageSize);
for (let round = 0; round < rounds; round++) {
  madvise(source, pageSize, dontNeed);
  const count = pwriteFrom(file, source, pageSize, Number(to) * pageSize);
  if (count !== pageSize) throw new Error(`round ${round}: ${count} bytes were written`);
}
