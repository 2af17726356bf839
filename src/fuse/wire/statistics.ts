/**
 * The answer to STATFS, struct fuse_statfs_out (80 bytes).
 *
 *    0 blocks u64   8 bfree u64  16 bavail u64  24 files u64  32 ffree u64  40 bsize u32  44 namelen u32  48 frsize u32
 *   52 padding     56 spare u32 x 6
 */
import type { FileSystemStatistics } from "../../port/index.ts";
import type { Reply } from "./reply.ts";

export const statfsOutBytes = 80;

export function encodeStatistics(reply: Reply, statistics: FileSystemStatistics): void {
  reply.zero(0, statfsOutBytes);
  reply.u64(0, statistics.blocks);
  reply.u64(8, statistics.blocksFree);
  reply.u64(16, statistics.blocksAvailable);
  reply.u64(24, statistics.nodes);
  reply.u64(32, statistics.nodesFree);
  reply.u32(40, statistics.blockSize);
  reply.u32(44, statistics.nameBytesMax);
  reply.u32(48, statistics.blockSize);
}
