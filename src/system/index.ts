/** The door of the system room: system calls that Node lacks, through the C library. */
export { lastErrno, libc, succeeded } from "./libc.ts";
