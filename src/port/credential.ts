/** In whose name an operation is done. Every operation of the cache and of a store carries one. */
import type { CancelSignal, Milliseconds } from "../base/index.ts";

/** An identity as POSIX knows it; stores with other identities map `id` to theirs. */
export interface Credential {
  /** Equal ids mean the same rights: dirty bytes of one id are never sent under another, unless that was chosen. */
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. May be looked up when first asked for. */
  readonly groups: readonly number[];
  /** Whose key this is, where one user has several: keys of the same user may stand in for each other, if that was chosen. */
  readonly user?: string;
  /** When it runs out, in milliseconds since 1970. Left out: never. A renewed one has the same id. */
  readonly expiresAtMs?: Milliseconds;
}

/** A credential from POSIX numbers; its id is made of all of them. */
export function posixCredential(uid: number, gid: number, groups: readonly number[] = []): Credential {
  return { id: groups.length === 0 ? `${uid}:${gid}` : `${uid}:${gid}:${groups.join(",")}`, uid, gid, groups };
}

/** The credential that passes every permission check. */
export const superuser: Credential = posixCredential(0, 0);

/** Knows which credential is good now in the place of the one that an operation was asked with. */
export interface CredentialSource {
  /**
   * Does the operation under the credential that is good now, and again under another where the store refused it as one that
   * is not. Rejects as the operation does, and with EINTR instead of beginning it anew once the signal has fired.
   */
  perform<Result>(
    syscall: string,
    call: { readonly credential: Credential; readonly signal: CancelSignal },
    operation: (credential: Credential) => Promise<Result>,
  ): Promise<Result>;
  /** The one that is good now; undefined when that must be found out first. */
  tryNewest(credential: Credential): Credential | undefined;
}
