/** Operations that are late: they failed, and the store may still do them until the test says that they have ended. */
import { LateFailure } from "../../src/port/index.ts";
import { asSuperuser } from "./cached-file.ts";
import type { GatedFile } from "./gated-file.ts";
import type { GatedOperation } from "./gated-store.ts";
import { nextWrite } from "./refusal-scene.ts";
import { settle } from "./virtual-clock.ts";

/** A failure of an operation that ends when the test says so, and how to say so. */
export interface Late {
  readonly failure: LateFailure;
  readonly end: (answer?: unknown) => Promise<void>;
}

export function late(): Late {
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

/** Everything is sent, and the first write of that is late. The gate for writes stays closed. */
export async function lateWrite(file: GatedFile): Promise<{ readonly write: GatedOperation; readonly hung: Late }> {
  file.gates.close("write");
  const syncing = file.space.sync(asSuperuser);
  const write = await nextWrite(file);
  const hung = late();
  write.refuse(hung.failure);
  await syncing;
  return { write, hung };
}
