/**
 * A pair of connected sockets, and the descriptor that somebody sent over one of them (unix(7), SCM_RIGHTS). Node has
 * neither; fusermount3 hands over its device this way.
 */
import koffi from "koffi";
import { codeOfErrno, Failure } from "../base/index.ts";
import { lastErrno, libc, succeeded } from "./libc.ts";

const unix = 1;
const stream = 1;
const closeOnExec = 0o2000000;
const solSocket = 1;
const scmRights = 1;
const dontWait = 0x40;
const wouldBlock = 11;
const cmsgCloseOnExec = 0x40000000;

const socketpairCall = libc.func("int socketpair(int domain, int type, int protocol, void *pair)");
const recvmsgCall = libc.func("intptr_t recvmsg(int socket, void *message, int flags)");

/** Two connected stream sockets, closed on exec unless handed to a child on purpose. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(new ArrayBuffer(8));
  succeeded(socketpairCall(unix, stream | closeOnExec, 0, pair) as number, "socketpair");
  return [pair[0] as number, pair[1] as number];
}

/** Where the parts of one recvmsg(2) lie in a single piece of memory, which nothing can collect halfway. */
const at = { message: 0, vector: 64, byte: 80, control: 96, end: 160 } as const;

/**
 * The descriptor that waits in the socket; undefined when there is none. The layouts are `struct msghdr` (56 bytes) and
 * one `struct cmsghdr` (16 bytes) with an int behind it.
 */
export function receiveDescriptor(socket: number): number | undefined {
  const memory = new DataView(new ArrayBuffer(at.end));
  const address = koffi.address(memory.buffer);
  memory.setBigUint64(at.message + 16, address + BigInt(at.vector), true);
  memory.setBigUint64(at.message + 24, 1n, true);
  memory.setBigUint64(at.message + 32, address + BigInt(at.control), true);
  memory.setBigUint64(at.message + 40, 24n, true);
  memory.setBigUint64(at.vector, address + BigInt(at.byte), true);
  memory.setBigUint64(at.vector + 8, 1n, true);
  const length = recvmsgCall(socket, memory.buffer, dontWait | cmsgCloseOnExec) as number;
  const failed = length < 0 ? lastErrno() : 0;
  if (failed === wouldBlock) return undefined;
  if (failed !== 0) throw new Failure(codeOfErrno(failed), { syscall: "recvmsg" });
  const isDescriptor =
    memory.getBigUint64(at.message + 40, true) >= 20n &&
    memory.getInt32(at.control + 8, true) === solSocket &&
    memory.getInt32(at.control + 12, true) === scmRights;
  return length > 0 && isDescriptor ? memory.getInt32(at.control + 16, true) : undefined;
}
