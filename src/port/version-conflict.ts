/**
 * The failure of a write that named a version: the file is at another one. Its code is that of a file that is gone (ESTALE),
 * as NFS has it, so the two are told apart by this class.
 */
import { Failure } from "../base/index.ts";
import type { Version } from "./attributes.ts";

export class VersionConflict extends Failure {
  /** The version the file is at, where the store can say. */
  readonly found: Version | undefined;

  constructor(found: Version | undefined, syscall: string = "write") {
    super("ESTALE", { syscall, detail: "the file is at another version" });
    this.found = found;
  }
}
