/** Wall time in manifests: ISO 8601 in UTC with all nine digits, so that people read it and nothing of it is lost. */

const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

/** Nanoseconds since 1970 as `2026-11-21T12:34:56.123456789Z`. */
export function formatWallTime(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}

export function isWallTime(text: string): boolean {
  return pattern.test(text) && !Number.isNaN(Date.parse(`${text.slice(0, 19)}Z`));
}
