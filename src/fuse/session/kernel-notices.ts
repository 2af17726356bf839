/** What a session tells the kernel unasked; the notifier does it, and before INIT there is nobody to tell. */
import type { ByteOffset } from "../../base/index.ts";

export interface KernelNotices {
  content(node: number, start: ByteOffset, end: ByteOffset | undefined): void;
  attributes(node: number): void;
  entry(parent: number, name: string): void;
  /** Whether the kernel may still hold pages of the node that were reported as out of date. */
  mayBeStale(node: number): boolean;
}
