/** What a name inside a directory may be: one step, any bytes but / and NUL, and never a way up. */
import { encodeFileName, Failure } from "../base/index.ts";

/** Rejects with EINVAL what is no name of an entry, with ENAMETOOLONG what is too long; answers with the name's bytes. */
export function requireName(name: string, nameBytesMax: number, syscall: string): Uint8Array {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")) {
    throw new Failure("EINVAL", { syscall, detail: "no name of a directory entry" });
  }
  const bytes = encodeFileName(name);
  if (bytes.length > nameBytesMax) throw new Failure("ENAMETOOLONG", { syscall });
  return bytes;
}
