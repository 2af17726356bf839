/** Operations that are late: they failed, and the store may still do them until the test says that they have ended. */
import { LateFailure } from "../../src/port/index.ts";
import { settle } from "./virtual-clock.ts";

/** A failure of an operation that ends when the test says so, and how to say so. */
export function late(): { failure: LateFailure; end: (answer?: unknown) => Promise<void> } {
  let end = (_answer: unknown): void => undefined;
  const settled = new Promise((resolve) => {
    end = resolve;
  });
  const failure = new LateFailure("ETIMEDOUT", { syscall: "test" }, settled);
  return {
    failure,
    end: async (answer) => {
      end(answer);
      await settle();
    },
  };
}
