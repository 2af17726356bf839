/** The first of two media in a drive as a store, and volumes on a medium. What a test opened is closed when it has ended. */
import { onTestFinished } from "vitest";
import { type FileHandle, openVolume, type Volume } from "../../src/files/index.ts";
import { type Attributes, type Credential, type NodeId, type RescueSink, superuser } from "../../src/port/index.ts";
import { type MediumStore, type MediumStoreOptions, mediumStore } from "../../src/stores/medium/index.ts";
import { callAs } from "./cached-file.ts";
import { alice } from "./memory-volume.ts";
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

/** The ids of the root and of a file in it, and what the file was when it was made. */
export interface MediumWithFile extends MediumInDrive {
  readonly root: NodeId;
  readonly node: NodeId;
  readonly attributes: Attributes;
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

/** A medium on which alice has made a file, `/file`. */
export async function mediumWithFile(options?: MediumStoreOptions, media?: TwoMedia): Promise<MediumWithFile> {
  const medium = await mediumInDrive(options, media);
  const { node: root } = await medium.store.root(callAs(alice));
  return { ...medium, root, ...(await medium.store.createFile(root, "file", 0o644, callAs(alice))) };
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

/** A file of such a volume that is open, with bytes that are on the medium. */
export async function fileOnMedium(
  medium: OpenMedium,
  rescue: RescueSink,
  bytes: string,
  credential?: Credential,
): Promise<{ readonly volume: Volume; readonly file: FileHandle }> {
  const volume = await volumeOnMedium(medium, rescue, credential);
  const file = await volume.open("/file", "w+");
  await file.writeFile(bytes);
  await file.sync();
  return { volume, file };
}
