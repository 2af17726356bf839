/** In whose name an operation is done. Every operation of the cache and of a store carries one. */

/** An identity as POSIX knows it; stores with other identities map `id` to theirs. */
export interface Credential {
  /** Equal ids mean the same rights: dirty bytes of one id are never sent under another. */
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. May be looked up when first asked for. */
  readonly groups: readonly number[];
}

/** A credential from POSIX numbers; its id is made of all of them. */
export function posixCredential(uid: number, gid: number, groups: readonly number[] = []): Credential {
  return { id: groups.length === 0 ? `${uid}:${gid}` : `${uid}:${gid}:${groups.join(",")}`, uid, gid, groups };
}

/** The credential that passes every permission check. */
export const superuser: Credential = posixCredential(0, 0);
