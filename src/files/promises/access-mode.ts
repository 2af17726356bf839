/** The bits of access(2) and copyFile, as node:fs' constants have them. */
import type { AccessMode } from "../../port/index.ts";

export const accessBits = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, COPYFILE_EXCL: 1 } as const;

export function accessModeOf(bits: number): AccessMode {
  return {
    read: (bits & accessBits.R_OK) !== 0,
    write: (bits & accessBits.W_OK) !== 0,
    execute: (bits & accessBits.X_OK) !== 0,
  };
}
