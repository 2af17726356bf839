/**
 * Where the users of a run get their keys (S5.7): the server lets nobody in without one, and each lives for a while. The
 * hooks of the volume renew them and name a user's other keys, or fail as hooks of programs do: they have none, throw, answer
 * late or never, or with a key of somebody else.
 *
 * What it watches: the hook has one call at a time for each credential; a failed renewal is told of only when
 * the hook has failed.
 */
import { type CancelSignal, delay, type Milliseconds, type SeededRandom } from "../../src/base/index.ts";
import type { CachedVolume } from "../../src/files/cached-volume.ts";
import type { CredentialChoice, CredentialOptions } from "../../src/files/credentials/credential-options.ts";
import { type Credential, superuser } from "../../src/port/index.ts";
import { MemoryKeys } from "../../src/stores/memory/index.ts";
import type { World } from "./world.ts";

/** How the keys of a run are made, and how likely the hooks fail. */
export interface KeyTerms {
  readonly lifeMs: Milliseconds;
  readonly choice: CredentialChoice;
  readonly refreshDeadlineMs: Milliseconds;
  readonly failChance: number;
}

const hookFaults = ["none", "throws", "late", "never", "stranger"] as const;
type HookFault = (typeof hookFaults)[number];

const answerMsMax = 20;
/** A hook that has failed is left alone for so long, and what was asked meanwhile fails a little later. */
const failedForMs = 3_000;

export class KeyOffice {
  readonly keys: MemoryKeys;
  readonly #world: World;
  readonly #terms: KeyTerms;
  readonly #random: SeededRandom;
  readonly #asked: Set<string> = new Set();
  readonly #unanswered: Set<() => void> = new Set();
  #isCalm = false;
  #failedAtMs: Milliseconds = Number.NEGATIVE_INFINITY;

  constructor(world: World, terms: KeyTerms, random: SeededRandom) {
    this.#world = world;
    this.#terms = terms;
    this.#random = random;
    this.keys = new MemoryKeys(world.clock);
  }

  /** The credential with a key that is good from now on; the superuser needs none. */
  issue(credential: Credential): Credential {
    return credential.id === superuser.id ? credential : this.keys.issue(credential, this.#terms.lifeMs);
  }

  get options(): Partial<CredentialOptions> {
    const { choice, lifeMs, refreshDeadlineMs } = this.#terms;
    return {
      credentialChoice: choice,
      refreshCredential: (credential, signal) => this.#refresh(credential, signal),
      keysOfUser: (user, signal) => this.#keysOf(user, signal),
      refreshDeadlineMs,
      refreshLeadMs: lifeMs / 2,
      expiryMarginMs: lifeMs / 4,
    };
  }

  listen({ events }: CachedVolume): void {
    events.on("renewalFailed", ({ credential, failure }) => {
      this.#world.events.add("renewalFailed");
      this.#world.timeline.add("cache", `key of ${credential.id} is not renewed: ${failure.message}`);
      if (!this.mayFail) this.#world.complain(`a renewal for ${credential.id} failed, and the hook has not (S5.7)`);
    });
  }

  /** Whether what the hooks did lately may still be felt. */
  get mayFail(): boolean {
    return this.#unanswered.size > 0 || this.#world.clock.nowMs() - this.#failedAtMs < failedForMs;
  }

  /** Whether bytes of one credential may be sent under the other. */
  mayStandIn(used: Credential, ownerId: string): boolean {
    const owner = this.#world.credentials.find(({ id }) => id === ownerId);
    return this.#terms.choice === "rotate" && used.user !== undefined && used.user === owner?.user;
  }

  calm(): void {
    this.#isCalm = true;
    for (const answer of [...this.#unanswered]) answer();
  }

  resumeFaults(): void {
    this.#isCalm = false;
  }

  async #refresh(credential: Credential, _signal: CancelSignal): Promise<Credential | undefined> {
    const { id } = credential;
    if (this.#asked.has(id)) this.#world.complain(`the hook for ${id} is called before it has answered (S5.7)`);
    this.#asked.add(id);
    this.#world.events.add("credential to renew");
    try {
      const fault = await this.#meet();
      // One that never ends has no newer one, though the store may have called it expired.
      if (credential.expiresAtMs === undefined) {
        this.#world.excuses.add("EKEYEXPIRED");
        this.#failedAtMs = this.#world.clock.nowMs();
      }
      if (fault === "none" || credential.expiresAtMs === undefined) return undefined;
      return fault === "stranger"
        ? this.issue({ ...credential, id: `${id}:8`, user: "stranger" })
        : this.issue(credential);
    } finally {
      this.#asked.delete(id);
    }
  }

  async #keysOf(user: string, _signal: CancelSignal): Promise<readonly Credential[]> {
    this.#world.events.add("keys of a user asked for");
    const fault = await this.#meet();
    if (fault === "none") return [];
    const known = new Map(this.#world.credentials.map((credential) => [credential.id, credential]));
    const keys = [...known.values()].filter((credential) => credential.user === user || fault === "stranger");
    return keys.map((credential) => this.issue(credential));
  }

  /** Takes the time that a hook takes, and fails as one does; answers with the fault to go on with. */
  async #meet(): Promise<HookFault | undefined> {
    const fails = !this.#isCalm && this.#random.chance(this.#terms.failChance);
    const fault = fails ? this.#random.pick(hookFaults) : undefined;
    if (fault !== undefined) {
      this.#world.fault(`hook ${fault}`, "EKEYEXPIRED");
      this.#failedAtMs = this.#world.clock.nowMs();
    }
    if (fault === "late" || fault === "never") {
      this.#world.excuses.add("ETIMEDOUT");
      await this.#waitFor(fault === "late" ? this.#terms.refreshDeadlineMs * (1 + this.#random.below(3)) : undefined);
      this.#failedAtMs = this.#world.clock.nowMs();
    } else await delay(this.#world.clock, this.#random.below(answerMsMax));
    if (fault === "throws") throw new Error("nobody is at the desk");
    return fault;
  }

  /** Until the time is over, or the troubles are. */
  #waitFor(ms: Milliseconds | undefined): Promise<void> {
    return new Promise((resolve) => {
      const answer = (): void => {
        cancel?.();
        this.#unanswered.delete(answer);
        resolve();
      };
      const cancel = ms === undefined ? undefined : this.#world.clock.after(ms, answer);
      this.#unanswered.add(answer);
    });
  }
}
