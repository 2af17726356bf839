/**
 * Names of rescue entries: 13 characters, the time of the refusal in milliseconds and 20 random bits, in the digits of
 * Crockford's base 32 (no i, l, o, u). So ids sort by time, are told apart by eye, and can be typed.
 */
import { randomInt } from "node:crypto";
import type { RescueId } from "../port/index.ts";

const digits = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 9;
const randomDigits = 4;
const pattern = new RegExp(`^[${digits}]{${timeDigits + randomDigits}}$`);

/** An id for a refusal at this wall time, in nanoseconds since 1970. */
export function newEntryId(refusedAtNs: bigint): RescueId {
  const ms = refusedAtNs < 0n ? 0 : Number(refusedAtNs / 1_000_000n);
  return digitsOf(ms, timeDigits) + digitsOf(randomInt(32 ** randomDigits), randomDigits);
}

export function isEntryId(text: string): boolean {
  return pattern.test(text);
}

function digitsOf(value: number, count: number): string {
  let text = "";
  for (let rest = value; text.length < count; rest = Math.floor(rest / 32)) text = digits.charAt(rest % 32) + text;
  return text;
}
