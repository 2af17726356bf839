/**
 * The kernel gives references to nodes back.
 *
 *   fuse_forget_in (8):        0 nlookup u64; the node is the header's
 *   fuse_batch_forget_in (8):  0 count u32  4 dummy; then count times fuse_forget_one (16): 0 nodeid u64  8 nlookup u64
 *   fuse_interrupt_in (8):     0 unique u64 of the request that nobody waits for any more
 */
import type { Request } from "./request.ts";
import { type Struct, u32, u64 } from "./struct.ts";

export const forgetIn: Struct<"count"> = { count: u64(0) };
export const batchForgetIn: Struct<"count"> = { count: u32(0) };
export const interruptIn: Struct<"unique"> = { unique: u64(0) };

/** Calls back for each node of a BATCH_FORGET, as far as the packet reaches. */
export function forEachForgotten(request: Request, callback: (node: number, count: number) => void): void {
  const count = Math.min(batchForgetIn.count(request), Math.floor((request.bodyBytes - 8) / 16));
  for (let index = 0; index < count; index++) callback(request.u64(8 + index * 16), request.u64(16 + index * 16));
}
