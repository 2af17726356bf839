/**
 * The file-system identity of the calling thread (setfsuid(2)), for a server that acts for others: while it is another's,
 * the kernel itself decides what is permitted, and what is made belongs to that identity. Only for calls that do not yield:
 * a thread that starts meanwhile would inherit it.
 */
import { assert, Failure } from "../base/index.ts";
import { libc } from "./libc.ts";

const setfsuid = libc.func("int setfsuid(unsigned int uid)");
const setfsgid = libc.func("int setfsgid(unsigned int gid)");
const setgroups = libc.func("long syscall(long number, size_t count, const void *groups)");

const query = 0xffffffff;
const setgroupsNumbers: Readonly<Record<string, number>> = {
  x64: 116,
  arm64: 159,
  riscv64: 159,
  ppc64: 81,
  s390x: 206,
};

export interface ThreadIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: Uint32Array;
}

/**
 * Runs `act` as `other` and comes back to `own`. EPERM when the system does not allow the change; then nothing was done.
 * `act` must not await.
 */
export function actAs<Result>(other: ThreadIdentity, own: ThreadIdentity, act: () => Result): Result {
  if (!takeGroups(other)) throw refusal();
  try {
    // Groups first: the change of user gives up the right to the others.
    setfsgid(other.gid);
    setfsuid(other.uid);
    if (!isNow(other)) throw refusal();
    return act();
  } finally {
    comeBack(own);
  }
}

function takeGroups({ groups }: ThreadIdentity): boolean {
  const number = setgroupsNumbers[process.arch];
  return number !== undefined && (setgroups(number, groups.length, groups) as number) >= 0;
}

function refusal(): Failure {
  return new Failure("EPERM", { syscall: "setfsuid", detail: "the server may not act for others" });
}

/** Never refused: the process's real and effective ids are its own all the time, and groups could be changed before. */
function comeBack(identity: ThreadIdentity): void {
  setfsuid(identity.uid);
  setfsgid(identity.gid);
  assert(takeGroups(identity), "the server has its own groups back");
}

/** The C library's calls answer with the previous identity, whether they changed it or not; a query changes nothing. */
function isNow(identity: ThreadIdentity): boolean {
  return setfsuid(query) === (identity.uid | 0) && setfsgid(query) === (identity.gid | 0);
}
