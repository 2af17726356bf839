/** The first of two media in a drive as a store, and volumes on a medium. What a test opened is closed when it has ended. */
import { onTestFinished } from "vitest";
import { openVolume, type Volume } from "../../src/files/index.ts";
import { type Credential, type RescueSink, superuser } from "../../src/port/index.ts";
import { type MediumStore, type MediumStoreOptions, mediumStore } from "../../src/stores/medium/index.ts";
import { TwoMedia } from "./two-media.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A store, and the clock by which it looks at its drive. */
export interface OpenMedium {
  readonly store: MediumStore;
  readonly clock: VirtualClock;
}

export interface MediumInDrive extends OpenMedium {
  readonly media: TwoMedia;
}

export async function mediumInDrive(
  options: MediumStoreOptions = {},
  media: TwoMedia = new TwoMedia(),
): Promise<MediumInDrive> {
  const clock = new VirtualClock();
  const store = await mediumStore(media.drive, { clock, ...options });
  onTestFinished(() => store.close().catch(() => undefined));
  return { media, clock, store };
}

/** A volume that parks what its medium does not get, as mounts of media do. */
export async function volumeOnMedium(
  { store, clock }: OpenMedium,
  rescue: RescueSink,
  credential: Credential = superuser,
): Promise<Volume> {
  const refusalActions = { media: "salvage" } as const;
  const volume = await openVolume(store, { clock, rescue, refusalActions, credential, pageSize: 4096 });
  onTestFinished(() => volume.close().catch(() => undefined));
  return volume;
}
