/**
 * The position of a store's dirty bytes between two marks, as a factor on the rate at which it may be dirtied (the
 * kernel's wb_position_ratio): 2 far below the setpoint, 1 on it, 0 at the limit.
 *
 *   pos_ratio
 *   2 |*
 *     |  *
 *     |     * * * *                 a cubic through the setpoint: flat there, steep at the ends
 *   1 |- - - - - - -*- - -
 *     |             |  * * *
 *   0 +-------------+-------*--> dirty bytes
 *     freerun    setpoint  limit
 */
import type { ByteCount } from "../../base/index.ts";

/** Below this nobody is slowed: half way between the background limit, where write-back starts, and the hard limit. */
export function freerunBytes(backgroundBytes: ByteCount, limitBytes: ByteCount): ByteCount {
  return (backgroundBytes + limitBytes) / 2;
}

/** Where the dirty bytes of a store that is written faster than it can take settle. */
export function setpointBytes(backgroundBytes: ByteCount, limitBytes: ByteCount): ByteCount {
  return (freerunBytes(backgroundBytes, limitBytes) + limitBytes) / 2;
}

/**
 * The factor, 0 to 2. Above the setpoint a line is multiplied in that falls from 1 over eight seconds' worth of writes,
 * never below a quarter: a slow store must not collect minutes of dirty bytes only because the limit allows them.
 */
export function positionRatio(
  dirtyBytes: ByteCount,
  setpoint: ByteCount,
  limitBytes: ByteCount,
  writeBytesPerSecond: number,
): number {
  if (dirtyBytes >= limitBytes) return 0;
  const offset = (setpoint - dirtyBytes) / (limitBytes - setpoint);
  const ratio = Math.min(2, Math.max(0, 1 + offset * offset * offset));
  const spanBytes = 8 * writeBytesPerSecond;
  const intercept = setpoint + spanBytes;
  if (dirtyBytes >= intercept - spanBytes / 4) return ratio / 4;
  return Math.min(2, (ratio * (intercept - dirtyBytes)) / spanBytes);
}
