/** Opening a medium store over a drive: on the medium that is in, and with the choices for it. */
import { type Clock, type Milliseconds, systemClock } from "../../base/index.ts";
import type { Drive } from "./medium.ts";
import { MediumNodes } from "./medium-nodes.ts";
import { MediumOperations } from "./medium-operations.ts";
import { MediumStore } from "./medium-store.ts";
import { askedOneByOne, identifyWithin, noMedium, openOn, type Preparation, Presence } from "./presence.ts";

/** More than a volume above remembers while nothing uses them. */
const nodesMaxDefault = 131_072;

export interface MediumStoreOptions {
  readonly clock?: Clock;
  /** How often the drive is looked at, in and out. Default 1,000. */
  readonly lookEveryMs?: Milliseconds;
  /** How long a look may take before the drive counts as empty. Default 5,000. */
  readonly lookDeadlineMs?: Milliseconds;
  /**
   * Whether written bytes, truncates, punched holes and reserved ranges are durable before they are answered. Without that, what
   * a medium took shortly before it was pulled out is lost; the next commit of such a file is EIO. Default true.
   */
  readonly durableWrites?: boolean;
  /** How long names and other attributes may wait to be made durable by themselves. Default 1,000. */
  readonly commitAfterMs?: Milliseconds;
  /** The most nodes remembered; the ids of others are stale until they are looked up again. Default 131,072. */
  readonly nodesMax?: number;
}

/** Opens the medium that is in the drive now; ENOMEDIUM when there is none. */
export async function mediumStore(itsDrive: Drive, options: MediumStoreOptions = {}): Promise<MediumStore> {
  const { clock = systemClock, lookEveryMs = 1_000, lookDeadlineMs = 5_000 } = options;
  const drive = askedOneByOne(itsDrive);
  const looks = { clock, lookEveryMs, lookDeadlineMs };
  const inserted = await identifyWithin(drive, looks);
  const store = inserted === undefined ? undefined : await openOn(drive, inserted, looks);
  if (inserted === undefined || store === undefined) throw noMedium("open", undefined);
  const nodes = new MediumNodes(inserted.knownBy ?? "inode", options.nodesMax ?? nodesMaxDefault);
  const presence = new Presence(drive, inserted, store, looks);
  const { durableWrites = true, commitAfterMs = 1_000 } = options;
  const isVolatile = store.manifest.durability === "volatile";
  const durability = { isVolatile, durableWrites: durableWrites && isVolatile, commitAfterMs };
  const operations = new MediumOperations(presence, nodes, drive.marker, clock, durability);
  const prepareBy = (prepare: Preparation) => {
    presence.prepare = prepare;
  };
  return new MediumStore(presence, nodes, operations, store, prepareBy);
}
