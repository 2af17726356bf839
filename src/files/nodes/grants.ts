/**
 * Read grants of one node (S5.5). What is cached is shown to a credential only while the store's own word to that very
 * credential is fresh: a grant is given by a store operation that succeeded, and ends
 *   - with its lease (`untilMs`),
 *   - when the store refuses that credential anything about the node (`end`); what it allowed before is no grant any more, also
 *     where that answer is heard after the refusal,
 *   - when mode, owner or group change, or the change time moves and we do not know why (`endAll`); here too an answer to an
 *     earlier question is none, but for the one that told of the change.
 *
 * Rights: *attributes* is being shown attributes, pages and the target of the node; *search* is being shown which names
 * a directory has and has not.
 *
 * Invariants
 *   I1  At most `credentialsMax` credentials are remembered; the one remembered longest makes room.
 *   I2  `#last` is undefined or a value of `#byCredential`.
 *   I3  A question asked before its credential's latest refusal was heard gives no grant, however late its answer comes.
 *       Of a credential that has made room the refusal counts for all.
 *
 * `askedAt`, `refusedAt` and `endedAt` are change counts of the volume.
 */
import type { Milliseconds } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";

const credentialsMax = 64;

interface Grant {
  readonly credentialId: string;
  attributesUntilMs: Milliseconds;
  searchUntilMs: Milliseconds;
  refusedAt: number;
}

export class Grants {
  readonly #byCredential = new Map<string, Grant>();
  #last: Grant | undefined;
  /** The latest refusal of those who have made room. */
  #forgottenRefusalAt = 0;
  #endedAt = 0;

  hasAttributes(credential: Credential, nowMs: Milliseconds): boolean {
    const grant = this.#find(credential.id);
    return grant !== undefined && grant.attributesUntilMs > nowMs;
  }

  hasSearch(credential: Credential, nowMs: Milliseconds): boolean {
    const grant = this.#find(credential.id);
    return grant !== undefined && grant.searchUntilMs > nowMs;
  }

  /** With `toldOfChange` the answer is the one that all grants were just ended for. */
  giveAttributes(credential: Credential, untilMs: Milliseconds, askedAt: number, toldOfChange = false): void {
    const grant = this.#findOrAdd(credential.id);
    if (askedAt >= grant.refusedAt && (toldOfChange || askedAt >= this.#endedAt)) grant.attributesUntilMs = untilMs;
  }

  giveSearch(credential: Credential, untilMs: Milliseconds, askedAt: number): void {
    const grant = this.#findOrAdd(credential.id);
    if (askedAt >= Math.max(grant.refusedAt, this.#endedAt)) grant.searchUntilMs = untilMs;
  }

  /** The store refused the credential; a question asked from now on has a count of at least `refusedAt`. */
  end(credential: Credential, refusedAt: number): void {
    const grant = this.#findOrAdd(credential.id);
    endNow(grant);
    grant.refusedAt = refusedAt;
  }

  /** Who may see the node has changed; a question asked from now on has a count of at least `endedAt`. */
  endAll(endedAt: number): void {
    this.#endedAt = endedAt;
    for (const grant of this.#byCredential.values()) endNow(grant);
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
    if (this.#byCredential.size >= credentialsMax) this.#forgetOldest();
    const grant: Grant = { credentialId, attributesUntilMs: 0, searchUntilMs: 0, refusedAt: this.#forgottenRefusalAt };
    this.#byCredential.set(credentialId, grant);
    this.#last = grant;
    return grant;
  }

  #forgetOldest(): void {
    const oldest = this.#byCredential.values().next();
    if (oldest.done === true) return;
    const { credentialId, refusedAt } = oldest.value;
    this.#byCredential.delete(credentialId);
    this.#forgottenRefusalAt = Math.max(this.#forgottenRefusalAt, refusedAt);
  }
}

function endNow(grant: Grant): void {
  grant.attributesUntilMs = 0;
  grant.searchUntilMs = 0;
}
