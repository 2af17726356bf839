/** The door of the system room: system calls that Node lacks, through the C library. */

export { deviceErrno, IoVector, makeNonBlocking, type ReadableWatch, whenReadable } from "./device-io.ts";
export { lastErrno, libc, succeeded } from "./libc.ts";
export { mount, mountFlags, unmount } from "./mounting.ts";
export { receiveDescriptor, socketPair } from "./socket-descriptors.ts";
