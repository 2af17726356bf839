/** What a drive is to a medium store: it says which medium is in, and opens it. */
import type { CancelSignal } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";

/** Names one medium among all that may be put into a drive: a file system's UUID, a marker, a cartridge's serial number. */
export type MediumId = string;

export interface Drive {
  /** Which medium is in; undefined when none is, or none that can be told. A rejection counts as none. */
  identify(signal: CancelSignal): Promise<MediumId | undefined>;
  /**
   * A store over the medium that is in. Once `root` has answered, the store must stay with that medium: after a change of
   * media it fails, or still reaches the old one, but never the new one.
   */
  open(): Store;
}
