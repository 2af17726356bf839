/** What a drive is to a medium store: it says which medium is in, and opens it. */
import type { CancelSignal } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";

/** Names one medium among all that may be put into a drive: a file system's UUID, a marker, a cartridge's serial number. */
export type MediumId = string;

/** A medium that is in its drive. */
export interface Inserted {
  readonly medium: MediumId;
  /** Another one each time that the medium was put in, when what was opened before does not reach it any more. */
  readonly insertion: string;
}

export interface Drive {
  /** What is in; undefined when nothing is, or nothing that can be told. A rejection counts as nothing. */
  identify(signal: CancelSignal): Promise<Inserted | undefined>;
  /**
   * A store over the medium that is in. Once `root` has answered, the store must stay with that medium: after a change of
   * media it fails, or still reaches the old one, but never the new one.
   */
  open(): Store;
}
