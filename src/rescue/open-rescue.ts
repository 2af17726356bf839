/** Opening a rescue directory: it is judged, and what killed processes left in it is swept. */
import { mkdir, realpath } from "node:fs/promises";
import { Failure, systemClock } from "../base/index.ts";
import { ownerOnlyDirectory } from "./layout.ts";
import type { Rescue, RescueOptions } from "./rescue.ts";
import {
  directoryFailure,
  identityOf,
  RescueDirectory,
  requireOwnersOnly,
  requireWritable,
} from "./rescue-directory.ts";
import { sweep } from "./sweep.ts";

const bytesMaxDefault = 4 * 1024 ** 3;
const entriesMaxDefault = 10_000;

/**
 * Opens a rescue directory. ENOENT when it is missing and not to be made; EPERM when it is another user's, or others may
 * enter it; EROFS on a read-only disk, unless it is only read; EINVAL for limits that make no sense.
 */
export async function openRescue(directory: string, options: RescueOptions = {}): Promise<Rescue> {
  const bytesMax = limit("bytesMax", options.bytesMax ?? bytesMaxDefault);
  const entriesMax = limit("entriesMax", options.entriesMax ?? entriesMaxDefault);
  try {
    if (options.create === true) await mkdir(directory, { recursive: true, mode: ownerOnlyDirectory });
    const path = await realpath(directory);
    const identity = identityOf(await requireOwnersOnly(path));
    if (options.readOnly !== true) {
      await requireWritable(path);
      await sweep(path);
    }
    const { storeUrl, clock = systemClock } = options;
    return new RescueDirectory(path, { storeUrl, bytesMax, entriesMax, clock, identity });
  } catch (thrown) {
    throw directoryFailure(thrown, "open", directory);
  }
}

function limit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Failure("EINVAL", { detail: `${name} of a rescue directory is a whole number above 0, not ${value}` });
}
