/**
 * How a volume treats credentials that run out, and those of one user.
 *
 * **Strict**: a credential's bytes are sent under that credential and no other.
 *
 * **Rotate**: when the store refuses them for want of a permission, they are sent again under the user's other keys, one after
 * the other, as `keysOfUser` gives them. Nobody else's key is ever tried.
 */
import { type CancelSignal, Failure, type Milliseconds } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";

export type CredentialChoice = "strict" | "rotate";

/**
 * Renews a credential: answers with one of the same id and user that runs out later, or undefined where there is none. It
 * should end when the signal, an AbortSignal, fires; it is not called again for that credential before it has ended. It must
 * not use the volume: what it waits for there may be waiting for it.
 */
export type RefreshCredential = (credential: Credential, signal: CancelSignal) => Promise<Credential | undefined>;

/** The keys that a user has now, best first; it has as long as `RefreshCredential`. Those that ran out are renewed first. */
export type KeysOfUser = (user: string, signal: CancelSignal) => readonly Credential[] | Promise<readonly Credential[]>;

export interface CredentialOptions {
  /** Default "strict". */
  readonly credentialChoice: CredentialChoice;
  /** For "rotate"; a credential without a `user` has no other keys. */
  readonly keysOfUser?: KeysOfUser;
  /**
   * Called for a credential with an `expiresAtMs` that is in use: once `refreshLeadMs` before its end, again when
   * `expiryMarginMs` are left and at its end if need be, by whoever meets one that ran out, and when the store calls one
   * expired. Without it what runs out is not renewed.
   */
  readonly refreshCredential?: RefreshCredential;
  /** How long before its end a credential is renewed. Default 300,000. At most half the life of one that was renewed. */
  readonly refreshLeadMs: Milliseconds;
  /** How long `refreshCredential`, and `keysOfUser`, may take. Default 10,000. */
  readonly refreshDeadlineMs: Milliseconds;
  /**
   * How long before its end a credential that could not be renewed writes no more, so that what it has written is sent in
   * time: write-back may take 35 s. Default 60,000. At most a quarter of the life of one that was renewed.
   */
  readonly expiryMarginMs: Milliseconds;
}

/** The settings with defaults filled in; EINVAL with a sentence for a person when one makes no sense. */
export function completeCredentialOptions(options: Partial<CredentialOptions>): CredentialOptions {
  const { credentialChoice = "strict", keysOfUser, refreshCredential } = options;
  const { refreshDeadlineMs = 10_000, expiryMarginMs = 60_000 } = options;
  const { refreshLeadMs = Math.max(300_000, expiryMarginMs) } = options;
  if (credentialChoice !== "strict" && credentialChoice !== "rotate") {
    throw invalid(`"${credentialChoice}" is no choice for credentials: give one of strict, rotate`);
  }
  if (credentialChoice === "rotate" && keysOfUser === undefined) {
    throw invalid(`rotating credentials needs keysOfUser, to ask for a user's keys`);
  }
  if (!(refreshDeadlineMs > 0)) throw invalid(`a refresh deadline of ${refreshDeadlineMs} ms must be above 0`);
  if (!(expiryMarginMs >= 0)) throw invalid(`an expiry margin of ${expiryMarginMs} ms must not be below 0`);
  if (!(refreshLeadMs >= expiryMarginMs)) {
    throw invalid(`a refresh lead of ${refreshLeadMs} ms must not be below the expiry margin of ${expiryMarginMs} ms`);
  }
  return {
    credentialChoice,
    refreshLeadMs,
    refreshDeadlineMs,
    expiryMarginMs,
    ...(keysOfUser === undefined ? {} : { keysOfUser }),
    ...(refreshCredential === undefined ? {} : { refreshCredential }),
  };
}

function invalid(detail: string): Failure {
  return new Failure("EINVAL", { detail });
}
