/**
 * A writer meets a page whose refused bytes have just left, and beneath which others of the same record are still to be
 * refused: nothing is in flight that it could wait for. Found by the simulation as seed 50292, and made smaller by it.
 */
import { expect, test } from "vitest";
import type { Operation } from "../operation.ts";
import { runScript } from "../simulated-run.ts";

const script: readonly Operation[] = [
  { actor: 2, afterMs: 0, kind: "open", slot: 1, file: 1, access: "rw" },
  { actor: 2, afterMs: 0, kind: "write", slot: 1, position: 1, length: 16384, way: "wait" },
  { actor: 2, afterMs: 0, kind: "open", slot: 0, file: 0, access: "rw" },
  { actor: 2, afterMs: 0, kind: "write", slot: 0, position: 0, length: 37028, way: "wait" },
  { actor: 2, afterMs: 0, kind: "write", slot: 0, position: 49152, length: 10848, way: "now" },
  { actor: 2, afterMs: 0, kind: "write", slot: 1, position: 0, length: 32768, way: "frames" },
  { actor: 2, afterMs: 0, kind: "fsync", slot: 0 },
  { actor: 2, afterMs: 0, kind: "write", slot: 1, position: 6603, length: 16384, way: "wait" },
  { actor: -1, afterMs: 0, kind: "weather", weather: "broken", isOn: true },
];

test("[S0.9] a writer waits for the pass that settles the rest of a rejected record", async () => {
  const { failure } = await runScript(50292, script, { schedule: 1 });
  expect(failure).toBeUndefined();
});
