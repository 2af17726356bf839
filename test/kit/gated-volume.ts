/** A volume over one memory server whose store has gates: which operation is answered, and when, is the test's to choose. */
import { GatedStore } from "./gated-store.ts";
import { type MemoryVolume, type MemoryVolumeOptions, memoryVolume } from "./memory-volume.ts";

export interface GatedVolume extends MemoryVolume {
  readonly gates: GatedStore;
}

/** A memory volume; its gates are open. */
export async function gatedVolume(options: Omit<MemoryVolumeOptions, "wrap"> = {}): Promise<GatedVolume> {
  let gates: GatedStore | undefined;
  const place = await memoryVolume({
    ...options,
    wrap: (store) => {
      gates = new GatedStore(store);
      return gates.store;
    },
  });
  return Object.assign(place, { gates: gates as GatedStore });
}
