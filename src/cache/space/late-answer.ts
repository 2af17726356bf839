/**
 * Operations that passed their deadline may still be answered by the store. Their failure carries a promise for that
 * moment (`LateFailure` of the port): until then their frames are not used again, and no newer bytes are sent.
 */
import { LateFailure } from "../../port/index.ts";

/** When the operation behind this failure has really ended; undefined when it already has. */
export function settlementOf(reason: unknown): Promise<unknown> | undefined {
  return reason instanceof LateFailure ? reason.settled : undefined;
}
