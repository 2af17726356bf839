/**
 * How the engine compiles this process's code.
 *
 * A server's first requests come before its code is optimized, and optimizing takes a processor from whoever waits, for longer
 * than those requests take. So each function is compiled at its first call, quickly and without optimization, and what is optimized
 * later is inlined less, which compiles in a fraction of the time and runs no slower here (docs/benchmarks.md).
 */
import { setFlagsFromString } from "node:v8";

export const servingFlags: readonly string[] = ["--always-sparkplug", "--max-inlined-bytecode-size-cumulative=250"];

/** Has what is called from now on compiled so. */
export function compileForServing(): void {
  for (const flag of servingFlags) setFlagsFromString(flag);
}
