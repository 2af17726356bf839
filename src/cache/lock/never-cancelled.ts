/**
 * The signal of work that nobody in particular waits for: write-back ends with its deadline, not with a caller. It is a real
 * signal of the platform, for stores that hand it on; since it never fires, it keeps nobody who listens to it.
 */
import { type CancelSignal, cancelController } from "../../base/index.ts";

export const neverCancelled: CancelSignal = Object.assign(cancelController().signal, {
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});
