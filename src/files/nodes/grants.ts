/**
 * Read grants of one node (S5.5). What is cached is shown to a credential only while the store's own word to that very
 * credential is fresh: a grant is given by a store operation that succeeded, and ends
 *   - with its lease (`untilMs`),
 *   - when the store refuses that credential anything about the node (`end`),
 *   - when mode, owner or group change, or the change time moves and we do not know why (`endAll`).
 *
 * Rights: *attributes* is being shown attributes, pages and the target of the node; *search* is being shown which names
 * a directory has and has not.
 *
 * Invariants
 *   I1  At most `credentialsMax` credentials are remembered; the one remembered longest makes room.
 *   I2  `#last` is undefined or a value of `#byCredential`.
 */
import type { Milliseconds } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";

const credentialsMax = 64;

interface Grant {
  readonly credentialId: string;
  attributesUntilMs: Milliseconds;
  searchUntilMs: Milliseconds;
}

export class Grants {
  readonly #byCredential = new Map<string, Grant>();
  #last: Grant | undefined;

  hasAttributes(credential: Credential, nowMs: Milliseconds): boolean {
    const grant = this.#find(credential.id);
    return grant !== undefined && grant.attributesUntilMs > nowMs;
  }

  hasSearch(credential: Credential, nowMs: Milliseconds): boolean {
    const grant = this.#find(credential.id);
    return grant !== undefined && grant.searchUntilMs > nowMs;
  }

  giveAttributes(credential: Credential, untilMs: Milliseconds): void {
    this.#findOrAdd(credential.id).attributesUntilMs = untilMs;
  }

  giveSearch(credential: Credential, untilMs: Milliseconds): void {
    this.#findOrAdd(credential.id).searchUntilMs = untilMs;
  }

  /** The store refused the credential. */
  end(credential: Credential): void {
    this.#byCredential.delete(credential.id);
    this.#last = undefined;
  }

  /** Who may see the node has changed. */
  endAll(): void {
    this.#byCredential.clear();
    this.#last = undefined;
  }

  #find(credentialId: string): Grant | undefined {
    if (this.#last?.credentialId === credentialId) return this.#last;
    const grant = this.#byCredential.get(credentialId);
    if (grant !== undefined) this.#last = grant;
    return grant;
  }

  #findOrAdd(credentialId: string): Grant {
    const known = this.#find(credentialId);
    if (known !== undefined) return known;
    if (this.#byCredential.size >= credentialsMax) {
      const oldest = this.#byCredential.keys().next();
      if (oldest.done !== true) this.#byCredential.delete(oldest.value);
    }
    const grant: Grant = { credentialId, attributesUntilMs: 0, searchUntilMs: 0 };
    this.#byCredential.set(credentialId, grant);
    this.#last = grant;
    return grant;
  }
}
