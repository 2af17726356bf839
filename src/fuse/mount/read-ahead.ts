/**
 * The kernel's read-ahead on a mount. It starts at 128 KiB whatever INIT says, because the kernel takes the smaller of the
 * two; the backing device's entry in sysfs raises it, where that is permitted.
 */
import { writeFile } from "node:fs/promises";
import type { ByteCount } from "../../base/index.ts";
import { mountedOn } from "./mount-table.ts";

/** Sets the read-ahead of a mounted directory; answers whether that was permitted. */
export async function raiseReadAhead(directory: string, readaheadBytes: ByteCount): Promise<boolean> {
  const entry = await mountedOn(directory);
  if (entry === undefined) return false;
  try {
    await writeFile(`/sys/class/bdi/${entry.device}/read_ahead_kb`, String(Math.ceil(readaheadBytes / 1024)));
    return true;
  } catch {
    return false;
  }
}
