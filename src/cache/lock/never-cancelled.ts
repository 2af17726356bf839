/** The signal of work that nobody in particular waits for: write-back ends with its deadline, not with a caller. */
import { type CancelSignal, neverFires } from "../../base/index.ts";

export const neverCancelled: CancelSignal = neverFires;
