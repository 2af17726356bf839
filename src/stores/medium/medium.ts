/** What a drive is to a medium store: it says which medium is in, and opens it. */
import type { CancelSignal } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";

/** Names one medium among all that may be put into a drive: a file system's UUID, a marker, a cartridge's serial number. */
export type MediumId = string;

/** How a file of a medium is recognised when the medium is back: see `MediumNodes`. */
export type KnownBy = "inode" | "path";

/** A medium that is in its drive. */
export interface Inserted {
  readonly medium: MediumId;
  /** "path" where inode numbers are given out anew each time that the medium is mounted. Default "inode". */
  readonly knownBy?: KnownBy;
  /** Another one each time that the medium was put in, when what was opened before does not reach it any more. */
  readonly insertion: string;
}

export interface Drive {
  /** A name in the root of its media that is the drive's own: nobody finds it through the store, or can make it. */
  readonly marker?: string;
  /**
   * What is in; undefined when nothing is, or nothing that can be told. A rejection counts as nothing. The signal fires when nobody
   * waits for the answer any more; until there is one, or a rejection, the drive counts as empty and is not asked again.
   */
  identify(signal: CancelSignal): Promise<Inserted | undefined>;
  /**
   * A store over the medium that is in. Once `root` has answered, the store must stay with that medium: after a change of
   * media it fails, or still reaches the old one, but never the new one.
   */
  open(): Store;
}
