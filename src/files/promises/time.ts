/** Times as node:fs takes them: seconds as a number or text, or a Date. */
import { Failure } from "../../base/index.ts";

export type ProgramTime = number | string | Date;

/** Nanoseconds since 1970; as exact as a double of seconds allows (microseconds). */
export function timeNsOf(time: ProgramTime): bigint {
  const seconds = time instanceof Date ? time.getTime() / 1000 : Number(time);
  if (!Number.isFinite(seconds)) throw new Failure("EINVAL", { detail: `time '${String(time)}'` });
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}
