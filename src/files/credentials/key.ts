/**
 * The newest credential of one id, until when it is good, and how it is renewed (S5.7; compare the key-timeout notice of NFS).
 *
 * Words. The *lead* is the time before its end in which it is renewed, the *margin* the part of that in which one that was not
 * renewed writes no more: bytes that were answered before are sent by the time it ends. A key is *in use* while a handle is
 * open under it; then timers look after it. Others are looked at when an operation needs them.
 *
 *   good --lead--> due --margin--> closing --the end, or the store's word--> spent
 *     ^             |                 |                                        |
 *     +-- renewed --+-----------------+----------------------------------------+
 *
 * A stage is read off the clock (`#stage`); `#tick` acts when one begins: each asks for a renewal, and with *closing* what is
 * unsent is sent. `offer` and `#take` are the way back. A spent credential still goes to the store, which decides: what it
 * refuses is rescued as any refused bytes are.
 *
 * Invariants
 *   I1  One call of the hook at a time. One that passes its deadline counts as failed; the hook is not called again before
 *       that call has ended, and what it answers late is still taken.
 *   I2  The newest credential has the id and the user of the first. It gives way to one that ends later, or to any once spent.
 *   I3  A hook that failed is left alone for `pauseMs`, except when a stage begins.
 */
import {
  type CancelController,
  type CancelSignal,
  type CancelTimer,
  type Clock,
  cancelController,
  endedWithin,
  Failure,
  type Milliseconds,
} from "../../base/index.ts";
import { interruptible } from "../../cache/index.ts";
import type { Credential } from "../../port/index.ts";
import type { CredentialOptions, RefreshCredential } from "./credential-options.ts";

const pauseMs: Milliseconds = 1_000;
/** The wall clock may be set, and goes on while the machine sleeps: it is looked at again at least so often. */
const lookEveryMs: Milliseconds = 60_000;

/** What a key needs to know, and whom it tells. */
export interface KeyTerms {
  readonly clock: Clock;
  readonly options: CredentialOptions;
  /** Nothing more is written under it; what was should be sent. */
  readonly closing: (credential: Credential) => void;
  readonly renewalFailed: (credential: Credential, failure: Failure) => void;
}

type Stage = "good" | "due" | "closing" | "spent";

export class Key {
  readonly #terms: KeyTerms;
  #newest: Credential;
  /** The store called it expired, whatever it says of itself. */
  #isRefused = false;
  #leadMs: Milliseconds;
  #marginMs: Milliseconds;

  /** When the stages begin, on the clock's own scale, as of the last look at the wall clock. */
  #dueAtMs: Milliseconds = 0;
  #closingAtMs: Milliseconds = 0;
  #spentAtMs: Milliseconds = 0;

  #useCount = 0;
  /** The stage that `#tick` last acted on. */
  #stageSeen: Stage = "good";
  #cancelTimer: CancelTimer = () => undefined;

  /** The renewal that is waited for; resolves when it is over, whatever came of it. */
  #renewing: Promise<void> | null = null;
  /** The signal of the call of the hook that has not ended. */
  #hookCall: CancelController | null = null;
  #failure: Failure | undefined;
  #why = "nobody renews it";
  #pausedUntilMs: Milliseconds = 0;

  constructor(credential: Credential, terms: KeyTerms) {
    this.#terms = terms;
    this.#newest = credential;
    this.#leadMs = terms.options.refreshLeadMs;
    this.#marginMs = terms.options.expiryMarginMs;
    this.#look();
  }

  get isInUse(): boolean {
    return this.#useCount > 0 || this.#hookCall !== null;
  }

  /** What became of its renewal, for a person. */
  get whyNotRenewed(): string {
    return this.#why;
  }

  /** Whether writing under it is answered: one comparison, for the hot path. */
  get isWritable(): boolean {
    return this.#terms.clock.nowMs() < this.#closingAtMs;
  }

  /** A handle is open under it. */
  use(): void {
    this.#useCount += 1;
    if (this.#useCount > 1) return;
    this.#look();
    this.#stageSeen = this.#stage();
    if (this.#stageSeen !== "good" && !this.#isPaused()) void this.#renew();
    this.#arm();
  }

  unuse(): void {
    this.#useCount -= 1;
    if (this.#useCount === 0) this.#cancelTimer();
  }

  /** Nobody waits for the hook any more; whoever used the key has given it back. */
  close(): void {
    this.#hookCall?.abort();
  }

  /** The program came with a credential of this id: is it a newer one? */
  offer(credential: Credential): void {
    if (credential !== this.#newest && endOf(credential) > endOf(this.#newest)) this.#take(credential, false);
  }

  /** EKEYEXPIRED when it is too near its end and cannot be renewed, EINTR when the signal fires meanwhile. */
  async requireWritable(path: string, signal: CancelSignal): Promise<void> {
    this.#look();
    if (this.isWritable) return;
    if (!this.#isPaused()) await interruptible(this.#renew(), signal);
    if (this.isWritable) return;
    const ends = this.#isRefused ? "has expired, says the store" : `ends at ${timeText(this.#newest)}`;
    const detail = `credential ${this.#newest.id} ${ends}; ${this.whyNotRenewed}`;
    const cause = this.#failure === undefined ? {} : { cause: this.#failure };
    throw new Failure("EKEYEXPIRED", { syscall: "write", path, detail, ...cause });
  }

  /** The credential to send an operation under: the newest there is. A spent one is renewed first, if that can be. */
  async newest(signal: CancelSignal): Promise<Credential> {
    this.#look();
    const stage = this.#stage();
    if (stage !== "good" && !this.#isPaused()) {
      const renewed = this.#renew();
      if (stage === "spent") await interruptible(renewed, signal);
    }
    return this.#newest;
  }

  /** The same, unless it is spent. */
  tryNewest(): Credential | undefined {
    return this.#terms.clock.nowMs() < this.#spentAtMs ? this.#newest : undefined;
  }

  /** The store called this one expired; answers with a newer one, or undefined. */
  async refused(used: Credential, signal: CancelSignal): Promise<Credential | undefined> {
    if (used === this.#newest) {
      this.#isRefused = true;
      this.#look();
      if (!this.#isPaused()) await interruptible(this.#renew(), signal);
    }
    return used === this.#newest ? undefined : this.#newest;
  }

  #take(credential: Credential, isRenewed: boolean): void {
    const { options, clock } = this.#terms;
    // One that lives shortly is not renewed all the time.
    const lifeMs = isRenewed ? endOf(credential) - wallTimeMs(clock) : Number.POSITIVE_INFINITY;
    this.#newest = credential;
    this.#isRefused = false;
    this.#leadMs = Math.min(options.refreshLeadMs, lifeMs / 2);
    this.#marginMs = Math.min(options.expiryMarginMs, lifeMs / 4);
    this.#failure = undefined;
    this.#pausedUntilMs = 0;
    this.#look();
    this.#stageSeen = this.#stage();
    this.#arm();
  }

  /** Where the stages begin, by the wall clock as it is now. */
  #look(): void {
    const { clock } = this.#terms;
    this.#spentAtMs = this.#isRefused
      ? Number.NEGATIVE_INFINITY
      : endOf(this.#newest) - wallTimeMs(clock) + clock.nowMs();
    this.#closingAtMs = this.#spentAtMs - this.#marginMs;
    this.#dueAtMs = this.#spentAtMs - this.#leadMs;
  }

  #stage(): Stage {
    const nowMs = this.#terms.clock.nowMs();
    if (nowMs < this.#dueAtMs) return "good";
    if (nowMs < this.#closingAtMs) return "due";
    return nowMs < this.#spentAtMs ? "closing" : "spent";
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#useCount === 0) return;
    const { clock } = this.#terms;
    const nowMs = clock.nowMs();
    const nextMs = [this.#dueAtMs, this.#closingAtMs, this.#spentAtMs].find((atMs) => atMs > nowMs);
    if (nextMs === undefined || nextMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = clock.after(Math.min(nextMs - nowMs, lookEveryMs), () => this.#tick());
  }

  #tick(): void {
    this.#look();
    const before = this.#stageSeen;
    const stage = this.#stage();
    this.#stageSeen = stage;
    if (stage !== before && stage !== "good") {
      void this.#renew();
      if (before !== "closing" && stage !== "due") this.#terms.closing(this.#newest);
    }
    this.#arm();
  }

  #isPaused(): boolean {
    return this.#terms.clock.nowMs() < this.#pausedUntilMs;
  }

  /** Resolves when there is an answer, or the time for one is over. */
  #renew(): Promise<void> {
    const { refreshCredential } = this.#terms.options;
    if (this.#renewing !== null) return this.#renewing;
    if (refreshCredential === undefined || this.#hookCall !== null) return Promise.resolve();
    const renewing = this.#ask(refreshCredential).finally(() => {
      this.#renewing = null;
    });
    this.#renewing = renewing;
    return renewing;
  }

  async #ask(refresh: RefreshCredential): Promise<void> {
    const { clock, options } = this.#terms;
    const call = cancelController();
    this.#hookCall = call;
    const asked = this.#newest;
    const answered = callHook(refresh, asked, call.signal).then(
      (answer) => {
        this.#hookCall = null;
        this.#answered(asked, answer);
      },
      (thrown) => {
        this.#hookCall = null;
        this.#failed("the hook that renews it failed", thrown);
      },
    );
    if (await endedWithin(clock, options.refreshDeadlineMs, answered)) return;
    call.abort();
    this.#failed(`the hook that renews it did not answer in ${options.refreshDeadlineMs} ms`);
  }

  #answered(asked: Credential, answer: Credential | null | undefined): void {
    if (asked !== this.#newest && !this.#isRefused) return;
    if (answer === undefined || answer === null) {
      this.#failed("the hook that renews it has no newer one");
    } else if (answer.id !== asked.id || answer.user !== asked.user) {
      this.#failed("the hook that renews it answered with one of another id or user");
    } else if (!(endOf(answer) > wallTimeMs(this.#terms.clock))) {
      this.#failed(`the hook that renews it answered with one that ended at ${timeText(answer)}`);
    } else if (!this.#isRefused && !(endOf(answer) > endOf(asked))) {
      this.#failed("the hook that renews it answered with one that ends no later");
    } else {
      this.#take(answer, true);
    }
  }

  #failed(why: string, cause?: unknown): void {
    const detail = `credential ${this.#newest.id}: ${why}`;
    const failure = new Failure("EKEYEXPIRED", { detail, ...(cause === undefined ? {} : { cause }) });
    this.#why = why;
    this.#failure = failure;
    this.#pausedUntilMs = this.#terms.clock.nowMs() + pauseMs;
    this.#terms.renewalFailed(this.#newest, failure);
  }
}

/** A hook that throws at once is one that fails. */
async function callHook(
  refresh: RefreshCredential,
  credential: Credential,
  signal: CancelSignal,
): Promise<Credential | null | undefined> {
  return await refresh(credential, signal);
}

/** What is no time is over. */
function endOf({ expiresAtMs = Number.POSITIVE_INFINITY }: Credential): Milliseconds {
  return Number.isNaN(expiresAtMs) ? Number.NEGATIVE_INFINITY : expiresAtMs;
}

function wallTimeMs(clock: Clock): Milliseconds {
  return Number(clock.wallTimeNs() / 1_000_000n);
}

function timeText({ expiresAtMs = Number.POSITIVE_INFINITY }: Credential): string {
  const date = new Date(expiresAtMs);
  return Number.isNaN(date.getTime()) ? String(expiresAtMs) : date.toISOString();
}
