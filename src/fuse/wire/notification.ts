/**
 * What the server tells the kernel unasked: a fuse_out_header with unique 0 and the code in place of the error.
 *
 *   2 INVAL_INODE (24):          0 ino u64  8 off i64  16 len i64 (off < 0: attributes only; len <= 0: to the end)
 *   3 INVAL_ENTRY (16):          0 parent u64  8 namelen u32  12 flags u32 (1: only expire it); name and NUL
 */
import { encodeFileName } from "../../base/index.ts";
import { replyHeaderBytes } from "./reply.ts";

const codes = { INVAL_INODE: 2, INVAL_ENTRY: 3 } as const;

function packet(code: number, bodyBytes: number): DataView {
  const view = new DataView(new ArrayBuffer(replyHeaderBytes + bodyBytes));
  view.setUint32(0, replyHeaderBytes + bodyBytes, true);
  view.setInt32(4, code, true);
  return view;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

/** The kernel drops pages [start, end) of a node, and its attributes; `end` undefined means to the end of the file. */
export function invalidateContent(node: number, start: number, end: number | undefined): Uint8Array {
  const view = packet(codes.INVAL_INODE, 24);
  view.setBigUint64(16, BigInt(node), true);
  view.setBigInt64(24, BigInt(start), true);
  view.setBigInt64(32, end === undefined ? 0n : BigInt(end - start), true);
  return bytesOf(view);
}

/** The kernel drops a node's attributes. */
export function invalidateAttributes(node: number): Uint8Array {
  const view = packet(codes.INVAL_INODE, 24);
  view.setBigUint64(16, BigInt(node), true);
  view.setBigInt64(24, -1n, true);
  return bytesOf(view);
}

/** The kernel forgets a name; with `expireOnly` it asks again at the next use, and keeps what hangs below until then. */
export function invalidateEntry(parent: number, name: string, expireOnly: boolean): Uint8Array {
  const bytes = encodeFileName(name);
  const view = packet(codes.INVAL_ENTRY, 16 + bytes.length + 1);
  view.setBigUint64(16, BigInt(parent), true);
  view.setUint32(24, bytes.length, true);
  view.setUint32(28, expireOnly ? 1 : 0, true);
  const whole = bytesOf(view);
  whole.set(bytes, replyHeaderBytes + 16);
  return whole;
}
