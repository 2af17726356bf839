/**
 * The books of dirty memory, for one cache: every change of a space's dirty or in-flight pages is entered here, and the
 * limits and gauges read only from here.
 *
 * Words. *Dirty pages* hold dirty bytes; *in-flight pages* are being sent; *unrescued* ones have the last copy of refused
 * bytes; a page may be all of these. *Held bytes* is the memory that none of them lets go: pages times page size, which is
 * what the limits are about.
 *
 * Invariants. I1 No number is negative. I2 The numbers equal what a walk over the tags of all spaces finds.
 */
import { assert, type ByteCount } from "../../base/index.ts";

export class DirtyLedger {
  readonly pageSize: ByteCount;
  dirtyPages = 0;
  dirtyBytes = 0;
  inFlightPages = 0;
  inFlightBytes = 0;
  unrescuedPages = 0;
  unrescuedBytes = 0;

  constructor(pageSize: ByteCount) {
    this.pageSize = pageSize;
  }

  /** The memory that dirty, in-flight and unrescued pages keep from reclaim. */
  get heldBytes(): ByteCount {
    return (this.dirtyPages + this.inFlightPages + this.unrescuedPages) * this.pageSize;
  }

  checkInvariants(): void {
    assert(this.dirtyPages >= 0 && this.dirtyBytes >= 0, "I1 dirty counts are not negative");
    assert(this.inFlightPages >= 0 && this.inFlightBytes >= 0, "I1 in-flight counts are not negative");
    assert(this.unrescuedPages >= 0 && this.unrescuedBytes >= 0, "I1 unrescued counts are not negative");
  }
}
