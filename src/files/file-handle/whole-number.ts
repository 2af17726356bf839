/** Positions and lengths as programs give them: whole numbers, or they are refused before anything is done with them. */
import { Failure } from "../../base/index.ts";

export function requireWhole(value: number, what: string): number {
  if (!Number.isInteger(value)) throw new Failure("EINVAL", { detail: `the ${what} ${value} is no whole number` });
  return value;
}
