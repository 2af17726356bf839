/** Waiting for something that goes on by itself, until it is there or the waiter's signal fires. */
import { type CancelSignal, Failure } from "../../base/index.ts";

/** The promise's outcome, or EINTR as soon as the signal fires. What was waited for is not disturbed. */
export function interruptible<Value>(promise: Promise<Value>, signal: CancelSignal): Promise<Value> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    return Promise.reject(new Failure("EINTR"));
  }
  return new Promise((resolve, reject) => {
    const interrupt = () => reject(new Failure("EINTR"));
    signal.addEventListener("abort", interrupt, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", interrupt));
  });
}
