/** A virtual clock whose timers run as the actor that set them, so that a scheduler knows on whose behalf code goes on. */
import type { CancelTimer } from "../../../src/base/index.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { asRunningActor } from "./point.ts";

export class ActorClock extends VirtualClock {
  override after(delayMs: number, callback: () => void): CancelTimer {
    return super.after(delayMs, asRunningActor(callback));
  }
}
