/** What goes wrong for a while, from one entry of the script to another. Each says which calls it meets, and with what. */
import type { ErrorCode } from "../../src/base/index.ts";
import type { Credential } from "../../src/port/index.ts";

export type Weather =
  /** No room: writes that the store would have to keep are refused. */
  | "full"
  /** This user has no room. */
  | "quota"
  /** The medium is protected. */
  | "readOnly"
  /** The medium is gone. */
  | "noMedium"
  /** The medium is broken. */
  | "broken"
  /** The key of one credential is no longer good. */
  | "keyExpired"
  /** The key of one credential was taken back. */
  | "keyRevoked"
  /** One credential may not write. */
  | "forbidden"
  /** Nobody can be reached. */
  | "unreachable"
  /** Nothing is answered. */
  | "hanging";

export const weathers: readonly Weather[] = [
  "full",
  "quota",
  "readOnly",
  "noMedium",
  "broken",
  "keyExpired",
  "keyRevoked",
  "forbidden",
  "unreachable",
  "hanging",
];

const ofWrites: Partial<Record<Weather, ErrorCode>> = { full: "ENOSPC", readOnly: "EROFS" };
const ofContent: Partial<Record<Weather, ErrorCode>> = { noMedium: "ENOMEDIUM", broken: "EIO" };
const ofAll: Partial<Record<Weather, ErrorCode>> = { unreachable: "EHOSTUNREACH" };
/** Weather that meets the writes of one user only. */
const ofOneWriter: Partial<Record<Weather, ErrorCode>> = { quota: "EDQUOT", forbidden: "EACCES" };
const ofOneUser: Partial<Record<Weather, ErrorCode>> = { keyExpired: "EKEYEXPIRED", keyRevoked: "EKEYREVOKED" };

const writing: ReadonlySet<string> = new Set(["write", "punchHole", "allocate", "setAttributes"]);
const content: ReadonlySet<string> = new Set([...writing, "read", "commit"]);

/** With what a call is refused in this weather; `victim` is the user whom some of it is about. */
export function refusalIn(
  weather: ReadonlySet<Weather>,
  operation: string,
  credential: Credential,
  victim: string,
): ErrorCode | undefined {
  for (const now of weather) {
    const isVictim = credential.id === victim;
    const code =
      ofAll[now] ??
      (content.has(operation) ? ofContent[now] : undefined) ??
      (writing.has(operation) ? ofWrites[now] : undefined) ??
      (operation === "write" && isVictim ? ofOneWriter[now] : undefined) ??
      (content.has(operation) && isVictim ? ofOneUser[now] : undefined);
    if (code !== undefined) return code;
  }
  return undefined;
}
