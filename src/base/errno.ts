/**
 * The closed set of error codes of this project, with their Linux numbers (asm-generic/errno-base.h, errno.h) and the
 * sentence a person reads. Every failure of a store, of the cache and of the mount is one of these.
 */
const table = {
  EPERM: [1, "operation not permitted"],
  ENOENT: [2, "no such file or directory"],
  EINTR: [4, "interrupted"],
  EIO: [5, "input/output error"],
  ENXIO: [6, "no such device or address"],
  E2BIG: [7, "argument list too long"],
  EBADF: [9, "bad file descriptor"],
  EAGAIN: [11, "try again"],
  ENOMEM: [12, "out of memory"],
  EACCES: [13, "permission denied"],
  EBUSY: [16, "resource busy"],
  EEXIST: [17, "file exists"],
  EXDEV: [18, "cross-device link"],
  ENODEV: [19, "no such device"],
  ENOTDIR: [20, "not a directory"],
  EISDIR: [21, "is a directory"],
  EINVAL: [22, "invalid argument"],
  ENFILE: [23, "too many open files in system"],
  EMFILE: [24, "too many open files"],
  ENOTTY: [25, "inappropriate operation for device"],
  ETXTBSY: [26, "text file busy"],
  EFBIG: [27, "file too large"],
  ENOSPC: [28, "no space left on device"],
  ESPIPE: [29, "illegal seek"],
  EROFS: [30, "read-only file system"],
  EMLINK: [31, "too many links"],
  EPIPE: [32, "broken pipe"],
  ERANGE: [34, "result too large for the buffer"],
  EDEADLK: [35, "deadlock avoided"],
  ENAMETOOLONG: [36, "name too long"],
  ENOSYS: [38, "function not implemented"],
  ENOTEMPTY: [39, "directory not empty"],
  ELOOP: [40, "too many symbolic links"],
  ENOLCK: [37, "no locks available"],
  ENODATA: [61, "no such attribute"],
  EPROTO: [71, "protocol error"],
  EBADMSG: [74, "bad message"],
  EOVERFLOW: [75, "value too large"],
  ENOTSUP: [95, "operation not supported"],
  ENETDOWN: [100, "network is down"],
  ENETUNREACH: [101, "network is unreachable"],
  ECONNABORTED: [103, "connection aborted"],
  ENOBUFS: [105, "no buffer space available"],
  EHOSTDOWN: [112, "host is down"],
  ECONNREFUSED: [111, "connection refused"],
  ECONNRESET: [104, "connection reset"],
  ENOTCONN: [107, "not connected"],
  ETIMEDOUT: [110, "timed out"],
  EHOSTUNREACH: [113, "host unreachable"],
  ESTALE: [116, "stale file handle"],
  EUCLEAN: [117, "the file system is damaged"],
  EREMOTEIO: [121, "remote input/output error"],
  EDQUOT: [122, "disk quota exceeded"],
  ENOMEDIUM: [123, "no medium found"],
  EMEDIUMTYPE: [124, "wrong type of medium"],
  ECANCELED: [125, "operation cancelled"],
  ENOKEY: [126, "required key not available"],
  EKEYEXPIRED: [127, "key has expired"],
  EKEYREVOKED: [128, "key has been revoked"],
  EKEYREJECTED: [129, "key was rejected by service"],
  ENETRESET: [102, "network dropped connection on reset"],
} as const;

/** The name of an error, as errno(3) spells it. */
export type ErrorCode = keyof typeof table;

/** Every code, for tables that must cover them all. */
export const errorCodes: readonly ErrorCode[] = Object.keys(table) as ErrorCode[];

/** Names of errors that are here under another one. ERESTARTSYS is the system's own word for a call that it interrupted. */
const otherNames: Readonly<Record<string, ErrorCode>> = {
  EOPNOTSUPP: "ENOTSUP",
  EWOULDBLOCK: "EAGAIN",
  EDEADLOCK: "EDEADLK",
  ERESTARTSYS: "EINTR",
};
const restartNumber = 512;

const codeByNumber = new Map<number, ErrorCode>(errorCodes.map((code) => [table[code][0], code]));
codeByNumber.set(restartNumber, "EINTR");

/** The positive Linux number of a code. */
export function errnoOf(code: ErrorCode): number {
  return table[code][0];
}

/** The sentence for a code, without a full stop. */
export function describe(code: ErrorCode): string {
  return table[code][1];
}

/** Whether `text` is a code of this table. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(table, text);
}

/** The code of a positive Linux number; an unlisted number is an input/output error. */
export function codeOfErrno(errno: number): ErrorCode {
  return codeByNumber.get(errno) ?? "EIO";
}

/** The code of an error with such a name or, where the name is not known, such a negative number; undefined without either. */
export function listedCode(name: unknown, negativeErrno: unknown): ErrorCode | undefined {
  if (isErrorCode(name)) return name;
  if (typeof name === "string" && Object.hasOwn(otherNames, name)) return otherNames[name];
  return typeof negativeErrno === "number" ? codeByNumber.get(-negativeErrno) : undefined;
}
