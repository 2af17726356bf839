/**
 * The keys that a memory server knows, as a server has them that lets nobody in without one: each is for one credential, runs
 * out, and can be taken back. The superuser needs none.
 *
 *   (unknown: ENOKEY) --issue--> good --its time passes--> expired (EKEYEXPIRED)
 *                                 |--revoke--> revoked (EKEYREVOKED)
 */
import { type Clock, Failure, type Milliseconds, systemClock } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";

/** A credential that shows the server a key. */
export interface KeyedCredential extends Credential {
  readonly key: string;
  readonly expiresAtMs: Milliseconds;
}

interface IssuedKey {
  readonly credentialId: string;
  readonly expiresAtMs: Milliseconds;
  isRevoked: boolean;
}

/** Of more keys than this the ones issued longest ago are unknown again. */
const keysMax = 65_536;

export class MemoryKeys {
  readonly #clock: Clock;
  readonly #keys = new Map<string, IssuedKey>();
  #issuedCount = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** The credential with a new key, good from now on for so long. */
  issue(credential: Credential, lifetimeMs: Milliseconds): KeyedCredential {
    const key = `key ${++this.#issuedCount}`;
    const expiresAtMs = this.#wallTimeMs() + lifetimeMs;
    this.#keys.set(key, { credentialId: credential.id, expiresAtMs, isRevoked: false });
    const oldest = this.#keys.keys().next();
    if (this.#keys.size > keysMax && oldest.done !== true) this.#keys.delete(oldest.value);
    return { ...credential, key, expiresAtMs };
  }

  revoke({ key }: KeyedCredential): void {
    const issued = this.#keys.get(key);
    if (issued !== undefined) issued.isRevoked = true;
  }

  /** ENOKEY, EKEYREVOKED or EKEYEXPIRED for whom the server does not let in. */
  require(credential: Credential & { readonly key?: string }, syscall: string): void {
    if (credential.uid === 0) return;
    const issued = this.#keys.get(credential.key ?? "");
    if (issued === undefined || issued.credentialId !== credential.id) {
      throw new Failure("ENOKEY", { syscall, detail: `the server knows no such key of credential ${credential.id}` });
    }
    if (issued.isRevoked) throw new Failure("EKEYREVOKED", { syscall });
    if (issued.expiresAtMs <= this.#wallTimeMs()) throw new Failure("EKEYEXPIRED", { syscall });
  }

  #wallTimeMs(): Milliseconds {
    return Number(this.#clock.wallTimeNs() / 1_000_000n);
  }
}
