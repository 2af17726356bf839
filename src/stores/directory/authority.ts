/**
 * Who decides what a credential may do. A server that runs as root acts as the credential while it makes a system call, so
 * the kernel decides, access control lists included, and what is made belongs to the credential. A server that runs as an
 * ordinary user can only act as itself: for others it applies the mode bits first, and makes nothing in their name.
 */
import { codeOfErrno, Failure } from "../../base/index.ts";
import { type AccessMode, type Credential, requireAccess } from "../../port/index.ts";
import { actAs, checkAccess, type FileStatus, lastErrno, type ThreadIdentity } from "../../system/index.ts";
import { attributesOf } from "./attributes.ts";

/** How a call for a credential is made. */
type Standing = "own" | "other" | "foreign";

export class Authority {
  readonly #own: ThreadIdentity;
  readonly isPrivileged: boolean;

  constructor() {
    const { geteuid, getegid, getgroups } = process;
    if (geteuid === undefined || getegid === undefined || getgroups === undefined) {
      throw new Failure("ENOSYS", { detail: "a system with users is needed" });
    }
    this.#own = { uid: geteuid(), gid: getegid(), groups: Uint32Array.from(getgroups()) };
    this.isPrivileged = this.#own.uid === 0;
  }

  #standingOf(credential: Credential): Standing {
    if (credential.uid === this.#own.uid && (!this.isPrivileged || credential.gid === this.#own.gid)) return "own";
    return this.isPrivileged ? "other" : "foreign";
  }

  /**
   * Makes a system call in the credential's name; a result of undefined or below zero becomes a `Failure`. `rights` and
   * `access` are what the mode bits are asked for where the kernel cannot be.
   */
  perform<Result extends number | object>(
    credential: Credential,
    syscall: string,
    rights: FileStatus,
    access: AccessMode,
    call: () => Result | undefined,
  ): Result {
    this.requireForForeign(credential, syscall, rights, access);
    if (this.#standingOf(credential) !== "other") return checked(call(), syscall);
    return actAs(identityOf(credential), this.#own, () => checked(call(), syscall));
  }

  /** The mode bits' answer for a credential as which the server cannot act; the kernel answers for all others. */
  requireForForeign(credential: Credential, syscall: string, rights: FileStatus, access: AccessMode): void {
    if (this.isForeign(credential)) requireAccess(attributesOf(rights), access, credential, syscall);
  }

  /** Like `perform`, for calls that make something: it belongs to the credential, or the call is refused with EACCES. */
  make<Result extends number | object>(
    credential: Credential,
    syscall: string,
    call: () => Result | undefined,
  ): Result {
    const standing = this.#standingOf(credential);
    if (standing === "foreign") {
      throw new Failure("EACCES", { syscall, detail: `only root can make what belongs to user ${credential.uid}` });
    }
    if (standing === "own") return checked(call(), syscall);
    return actAs(identityOf(credential), this.#own, () => checked(call(), syscall));
  }

  /** Whether the credential may do all that is asked for with the node that a descriptor names; EACCES, EROFS if not. */
  requireAccess(credential: Credential, syscall: string, fd: number, status: FileStatus, access: AccessMode): void {
    this.perform(credential, syscall, status, access, () => checkAccess(fd, access));
  }

  /** The same as a question. */
  permits(credential: Credential, fd: number, status: FileStatus, access: AccessMode): boolean {
    try {
      this.requireAccess(credential, "access", fd, status, access);
      return true;
    } catch (failure) {
      if (isRefusal(failure)) return false;
      throw failure;
    }
  }

  /** Whether the server itself may change the mode of such a node. */
  mayChangeMode(status: FileStatus): boolean {
    return this.isPrivileged || status.uid === this.#own.uid;
  }

  isForeign(credential: Credential): boolean {
    return this.#standingOf(credential) === "foreign";
  }
}

function identityOf(credential: Credential): ThreadIdentity {
  return { uid: credential.uid, gid: credential.gid, groups: Uint32Array.from(credential.groups) };
}

export function isRefusal(failure: unknown): failure is Failure {
  return failure instanceof Failure && failure.code === "EACCES";
}

/** The result of a system call, or its errno as a `Failure`. */
export function checked<Result extends number | object>(result: Result | undefined, syscall: string): Result {
  if (result !== undefined && !(typeof result === "number" && result < 0)) return result;
  throw new Failure(codeOfErrno(lastErrno()), { syscall });
}
