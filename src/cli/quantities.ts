/** Sizes and lengths of time as people type them, and as they like to read them. */
import { UsageError } from "./command-error.ts";

const bytesByUnit: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

const msByUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** Bytes from `4096`, `64K`, `256M`, `1G`; units are powers of 1024, and `KiB` or `KB` mean the same as `K`. */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = match === null ? Number.NaN : Number(match[1]) * (bytesByUnit[(match[2] ?? "").toUpperCase()] ?? 1);
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(`${option} wants a size such as 65536, 64K, 256M or 1G, not "${text}"`);
  }
  return bytes;
}

/** The longest time that a timer can be set to. */
const durationMsMax = 2 ** 31 - 1;

/** Milliseconds from `500ms`, `30s`, `5min`, `1h`; a plain number is seconds. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)$/.exec(text.trim());
  if (match === null) throw new UsageError(`${option} wants a time such as 500ms, 30s or 5min, not "${text}"`);
  const ms = Math.round(Number(match[1]) * (msByUnit[match[2] || "s"] ?? 1000));
  if (ms > durationMsMax) throw new UsageError(`${option} can be at most 24 days, not "${text}"`);
  return ms;
}

/** As in `12.5 MiB`. */
export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** As in `2 h 5 min`, `12 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}
