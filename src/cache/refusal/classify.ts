/**
 * What kind of no an answer of the store is. Every code has its class here and nowhere else; what is done about a class is
 * policy.ts. What has no code of ours is told as EIO, but nobody knows that it is for good: it is sent again for a while.
 */
import { type ErrorCode, type Failure, UnlistedFailure } from "../../base/index.ts";
import { type RefusalClass, VersionConflict } from "../../port/index.ts";

const classes: Readonly<Record<ErrorCode, RefusalClass>> = {
  EACCES: "permission",
  EPERM: "permission",
  ENOKEY: "permission",
  EKEYEXPIRED: "permission",
  EKEYREJECTED: "permission",
  EKEYREVOKED: "permission",

  EDQUOT: "space",
  ENOSPC: "space",

  EROFS: "media",
  EIO: "media",
  EREMOTEIO: "media",
  EFBIG: "media",
  EOVERFLOW: "media",
  ENOMEDIUM: "media",
  EMEDIUMTYPE: "media",
  EUCLEAN: "media",
  ENODEV: "media",
  ENXIO: "media",
  // Not "try a smaller write": the store said what it takes in its manifest.
  E2BIG: "media",
  // The store will never do what was asked, however often it is asked.
  EINVAL: "media",
  EISDIR: "media",
  ENOTDIR: "media",
  ENOSYS: "media",
  ENOTSUP: "media",
  ENOTTY: "media",
  ESPIPE: "media",
  ERANGE: "media",

  ENOENT: "gone",
  // Without the class `VersionConflict`: the store knows the node no more.
  ESTALE: "gone",

  // What Linux answers where a guard or a check sum does not match.
  EBADMSG: "integrity",

  // This process was short of memory, or was interrupted; the store did not decide anything.
  EINTR: "local",
  ENOMEM: "local",

  ENETRESET: "transient",
  ETIMEDOUT: "transient",
  EAGAIN: "transient",
  EBUSY: "transient",
  ETXTBSY: "transient",
  EDEADLK: "transient",
  ENFILE: "transient",
  EMFILE: "transient",
  EPIPE: "transient",
  ECONNREFUSED: "transient",
  ECONNRESET: "transient",
  ENOTCONN: "transient",
  ECONNABORTED: "transient",
  EHOSTUNREACH: "transient",
  EHOSTDOWN: "transient",
  ENETUNREACH: "transient",
  ENETDOWN: "transient",
  ENOBUFS: "transient",
  ENOLCK: "transient",
  ECANCELED: "transient",
  EPROTO: "transient",
  // None of these answers a write. Whoever sends them is confused, which may pass; the deadline of the retries bounds it.
  EBADF: "transient",
  EEXIST: "transient",
  EXDEV: "transient",
  EMLINK: "transient",
  ENAMETOOLONG: "transient",
  ENOTEMPTY: "transient",
  ELOOP: "transient",
  ENODATA: "transient",
};

export function classify(failure: Failure): RefusalClass {
  if (failure instanceof VersionConflict) return "conflict";
  return failure instanceof UnlistedFailure ? "transient" : classes[failure.code];
}

/** Whether nobody refused anything, so that it may pass by itself. */
export function passesByItself(refusalClass: RefusalClass): boolean {
  return refusalClass === "transient" || refusalClass === "local";
}
