/** Which page goes when memory is short. */
export type { Evictable, EvictionPolicy } from "./eviction-policy.ts";
export { S3Fifo } from "./s3-fifo.ts";
