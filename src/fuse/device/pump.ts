/**
 * Takes requests from the device and hands them over, in the engine thread itself, as measured best.
 *
 * Words. A *turn* is one call-back of the event loop; it ends after so many requests or so much time, because promises,
 * timers and other descriptors wait meanwhile. *Spinning* is asking again and again for the next request instead of going
 * to sleep: waking an idle processor costs more than everything else together. Spinning *pays* when a request comes. It is
 * *quiet* since the last request was served, or answered after it waited: who hears an answer soon asks on.
 *
 * States and what moves between them:
 *
 *   asleep --readable--> draining --nothing there, spinning pays--> spinning --request--> draining
 *                           |                                          |
 *                           +--nothing there, it does not pay--> asleep <--quiet for too long+
 *   asleep --answered--> draining;   any --device ended--> over;   any --tooBusy--> held --resume--> draining
 *   held --nothing answered for stuckMs--> draining, whatever the server has on its hands, until resume
 *
 * Held, nobody hears an INTERRUPT; so when nothing moves any more, requests are taken again, and the server refuses those
 * that would have to wait as well.
 *
 * I1 Asleep, the thread is in the event loop with the descriptor watched: an idle mount uses no processor.
 * I2 While requests wait for promises (`isWaiting`), spinning goes through the event loop, so that it delays nothing.
 * I3 The credit for spinning is bounded; it is earned by requests that follow closely and spent by spins in vain.
 * I4 A spin is short at first. It is long after a request that came too late for it and yet closely, as from a program that has
 * much to do with each answer (128 KiB and more), until a spin was in vain.
 */
import type { CancelTimer, Clock, Milliseconds } from "../../base/index.ts";
import { type ReadableWatch, whenReadable } from "../../system/index.ts";
import type { ReadOutcome } from "./device.ts";

export interface PumpOptions {
  /** How long a short spin goes on without a request. */
  readonly spinMs: Milliseconds;
  readonly clock: Clock;
}

/** Where requests come from: the device. */
export interface RequestSource {
  readonly descriptor: number;
  /** Reads one request, if one is there. */
  tryRead(): ReadOutcome;
}

/** What the pump serves. */
export interface PumpServer {
  /** The request in the reader is to be answered, now or later. */
  serve(): void;
  /** Whether requests wait for promises. */
  readonly isWaiting: boolean;
  /** Whether no more requests should be taken for now; `resume` is called later. */
  readonly isTooBusy: boolean;
  /** The kernel ended the connection. */
  ended(): void;
}

const turnRequestsMax = 256;
const turnMsMax = 2;
const stuckMs = 5_000;
const creditMax = 16;
/** So many times a short spin is a long one; requests that come within a long one, after the last request or answer, earn credit. */
const longSpinFactor = 3;

export class Pump {
  readonly #source: RequestSource;
  readonly #server: PumpServer;
  readonly #shortSpinMs: Milliseconds;
  readonly #longSpinMs: Milliseconds;
  readonly #clock: Clock;
  readonly #watch: ReadableWatch;
  readonly #again: () => void;

  #spinMs: Milliseconds;
  #credit = 0;
  #quietSinceMs = 0;
  #immediate: NodeJS.Immediate | undefined;
  #spinning = false;
  #paused = false;
  #stuck = false;
  #cancelStuckTimer: CancelTimer | undefined;
  #over = false;
  spins = 0;
  spinsThatPaid = 0;
  sleeps = 0;

  constructor(source: RequestSource, server: PumpServer, options: PumpOptions) {
    this.#source = source;
    this.#server = server;
    this.#shortSpinMs = options.spinMs;
    this.#longSpinMs = options.spinMs * longSpinFactor;
    this.#spinMs = this.#shortSpinMs;
    this.#clock = options.clock;
    this.#again = () => {
      this.#immediate = undefined;
      this.#turn();
    };
    this.#watch = whenReadable(source.descriptor, () => this.#woken());
  }

  /** Goes on after the server was too busy. */
  resume(): void {
    this.#stuck = false;
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#paused || this.#over) return;
    this.#cancelStuckTimer?.();
    this.#paused = false;
    this.#watch.resume();
    this.#soon();
  }

  /** Stops reading until there is room, or until nothing has been answered for so long that nothing may ever be. */
  #hold(): void {
    this.#paused = true;
    this.#watch.pause();
    this.#cancelStuckTimer?.();
    this.#cancelStuckTimer = this.#clock.after(stuckMs, () => {
      this.#stuck = true;
      this.#goOn();
    });
  }

  /** A request that waited was answered. */
  answered(): void {
    if (this.#over) return;
    if (this.#paused) {
      this.#hold();
      return;
    }
    this.#quietSinceMs = this.#clock.nowMs();
    if (this.#credit > 0) this.#soon();
  }

  /** Takes no more requests. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelStuckTimer?.();
    this.#watch.close();
  }

  /** The watch calls from outside of Node's own call-backs, so promises go on only when another call-back has run. */
  #woken(): void {
    this.#turn();
    if (this.#over || this.#server.isWaiting) this.#soon();
  }

  #turn(): void {
    if (this.#over || this.#paused) return;
    switch (this.#drain()) {
      case "goOn":
        this.#soon();
        break;
      case "sleep":
        if (this.#spinning) {
          this.#credit -= 1;
          this.#spinMs = this.#shortSpinMs;
        }
        this.#spinning = false;
        this.sleeps += 1;
        break;
      case "hold":
        this.#hold();
        break;
      case "end":
        this.stop();
        this.#server.ended();
        break;
    }
  }

  #drain(): "goOn" | "sleep" | "hold" | "end" {
    const endMs = this.#clock.nowMs() + turnMsMax;
    for (let count = 0; count < turnRequestsMax; ) {
      const outcome = this.#source.tryRead();
      if (outcome === "ended") return "end";
      const nowMs = this.#clock.nowMs();
      if (outcome === "request") {
        this.#noteRequest(nowMs);
        this.#server.serve();
        this.#quietSinceMs = this.#clock.nowMs();
        if (this.#over) return "sleep";
        if (this.#server.isTooBusy && !this.#stuck) return "hold";
        count += 1;
      } else {
        if (this.#credit <= 0 || nowMs - this.#quietSinceMs >= this.#spinMs) return "sleep";
        if (!this.#spinning) this.spins += 1;
        this.#spinning = true;
        if (this.#server.isWaiting) return "goOn";
      }
      if (nowMs >= endMs) break;
    }
    return "goOn";
  }

  #noteRequest(nowMs: number): void {
    if (this.#spinning) this.spinsThatPaid += 1;
    this.#spinning = false;
    const quietMs = nowMs - this.#quietSinceMs;
    if (quietMs >= this.#longSpinMs) return;
    this.#credit = Math.min(this.#credit + 2, creditMax);
    if (quietMs >= this.#spinMs) this.#spinMs = this.#longSpinMs;
  }

  /** Goes through the event loop once without sleeping there. */
  #soon(): void {
    this.#immediate ??= setImmediate(this.#again);
  }
}
