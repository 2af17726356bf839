/** A file whose store refuses what the test says, over a rescue that keeps entries in memory. */
import { type ErrorCode, Failure } from "../../src/base/index.ts";
import type { CacheOptions } from "../../src/cache/index.ts";
import type { MemoryStoreOptions } from "../../src/stores/memory/index.ts";
import { asSuperuser } from "./cached-file.ts";
import { type GatedFile, storedFile } from "./gated-file.ts";
import type { GatedOperation } from "./gated-store.ts";
import { RescueInMemory } from "./rescue-in-memory.ts";

export interface RefusalScene extends GatedFile {
  readonly rescue: RescueInMemory;
}

/** A file with these bytes at the store, a rescue, and a closed gate for writes. */
export async function refusalScene(
  bytes: Uint8Array,
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<RefusalScene> {
  const rescue = new RescueInMemory();
  const file = await storedFile(bytes, { readaheadBytesMax: 0, rescue, ...options }, storeOptions);
  file.gates.close("write");
  return Object.assign(file, { rescue });
}

/** The next write that comes to the gate. */
export function nextWrite(file: GatedFile): Promise<GatedOperation> {
  return file.gates.arrived("write", file.gates.of("write").length + 1);
}

/** Everything is sent: the first write that comes is refused with the code, the others pass. */
export async function refuseFirst(file: GatedFile, code: ErrorCode = "EACCES"): Promise<void> {
  const syncing = file.space.sync(asSuperuser);
  (await nextWrite(file)).refuse(new Failure(code));
  file.gates.open("write");
  await file.clock.during(syncing);
  file.gates.close("write");
  file.cache.checkInvariants();
}

/** Everything is sent, and every write is refused with the code, those too that are at the gate already. */
export async function refuseAll(file: GatedFile, code: ErrorCode = "EACCES"): Promise<void> {
  for (const write of file.gates.of("write")) write.refuse(new Failure(code));
  let count = file.gates.of("write").length;
  const syncing = file.clock.during(file.space.sync(asSuperuser));
  for (;;) {
    count += 1;
    const write = await Promise.race([file.gates.arrived("write", count), syncing]);
    if (write === undefined) break;
    write.refuse(new Failure(code));
  }
  file.cache.checkInvariants();
}
