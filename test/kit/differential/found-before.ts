/** The fewest operations of each difference that was found once; what they showed is what their names say must not be. */
import { constants } from "node:fs";
import type { Operation } from "./script.ts";

export interface FoundBefore {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** What is done after the mount was made again. */
  readonly later?: readonly Operation[];
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_TRUNC } = constants;

export const foundBefore: readonly FoundBefore[] = [
  {
    name: "opening with O_TRUNC took the set-id bits away from root's files too",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o6755],
      ["open", 1, "a", O_RDWR | O_TRUNC, 0],
      ["fstat", 1],
    ],
  },
  {
    name: "opening for reading with O_TRUNC cut nothing",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o644],
      ["pwrite", 0, 0, 70_000, 1],
      ["open", 1, "a", O_RDONLY | O_TRUNC, 0],
      ["readFile", "a"],
    ],
  },
  {
    name: "opening for reading with O_TRUNC needs the right to write",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o444],
      ["pwrite", 0, 0, 100, 1],
      ["open", 1, "a", O_RDONLY | O_TRUNC, 0],
      ["stat", "a"],
    ],
  },
  {
    name: "fallocate left set-id bits on the file of an ordinary user",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o644],
      ["fchmod", 0, 0o4755],
      ["fallocate", 0, 3, 0, 139],
      ["fstat", 0],
      ["fchmod", 0, 0o2755],
      ["fallocate", 0, 0, 0, 4000],
      ["fstat", 0],
    ],
  },
  {
    name: "a file open for writing only did not tell where its data lies",
    operations: [
      ["open", 0, "a", O_WRONLY | O_CREAT, 0],
      ["seekPastEnd", 0],
    ],
  },
  {
    name: "a file open for writing only did not tell where its data lies after a change of its mode",
    operations: [
      ["open", 0, "a", O_WRONLY | O_CREAT, 0o600],
      ["chmod", "a", 0o200],
      ["seekPastEnd", 0],
    ],
  },
  {
    name: "files that their owner may not open were called undelivered by an unmount",
    operations: [
      ["mkdir", "b", 0o755],
      ["open", 0, "b/a", O_RDWR | O_CREAT, 0o644],
      ["pwrite", 0, 0, 5000, 1],
      ["chmod", "b/a", 0],
      ["close", 0],
      ["chmod", "b", 0],
    ],
  },
  {
    name: "a file could not be reached by one name because its other name could not be",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o644],
      ["close", 0],
      ["mkdir", "b", 0o755],
      ["link", "a", "b/a"],
      ["chmod", "b", 0o644],
      ["setxattr", "a", "user.a", 5, 1, 0],
      ["listxattr", "a"],
    ],
  },
  {
    name: "what was stored through a mapping of an appending open was refused when the mode had changed since",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT | O_APPEND, 0o644],
      ["write", 0, 5000, 1],
      ["chmod", "a", 0o200],
      ["mmap", 0, 0, 0, 5000, true, true],
      ["store", 0, 100, 3000, 2],
      ["msync", 0],
    ],
  },
  {
    name: "bytes of a removed file lost the right to be sent with their writer, while a reader had it open",
    operations: [
      ["open", 0, "a", O_RDWR | O_CREAT, 0o400],
      ["open", 1, "a", O_RDONLY, 0],
      ["pwrite", 0, 0, 5000, 1],
      ["unlink", "a"],
      ["close", 0],
      ["fsync", 1],
      ["pread", 1, 0, 6000],
      ["close", 1],
    ],
  },
  {
    name: "what was opened and lost its name had no attributes any more",
    operations: [
      ["mknod", "a", "fifo", 0o644],
      ["open", 0, "a", O_RDWR, 0],
      ["unlink", "a"],
      ["fstat", 0],
    ],
  },
  {
    name: "a fifo that was opened and lost its name could not be changed",
    operations: [
      ["mknod", "c", "fifo", 0o1777],
      ["open", 4, "c", O_RDWR, 0],
      ["unlink", "c"],
      ["futimes", 4, ["1246770524831519092", "289307632867353401"]],
      ["fstat", 4],
      ["fchmod", 4, 0o640],
      ["fchown", 4, -1, 4242],
      ["fstat", 4],
      ["futimes", 4, ["now", "omit"]],
      ["fstat", 4],
    ],
  },
  {
    name: "an open directory that was removed could not be changed any more",
    operations: [
      ["mkdir", "c", 0o755],
      ["open", 1, "c", O_RDONLY, 0],
      ["rmdir", "c"],
      ["futimes", 1, ["14676107865548870", "omit"]],
      ["fstat", 1],
      ["fchmod", 1, 0o700],
      ["setxattrOpen", 1, "user.a", 5, 1, 0],
      ["getxattrOpen", 1, "user.a"],
      ["fsync", 1],
      ["reopen", 1, 2, O_RDONLY],
      ["fstat", 2],
    ],
  },
  {
    name: "an open directory, and what is in it, could not be reached when the way to it was closed",
    operations: [
      ["mkdir", "b", 0o755],
      ["mkdir", "b/c", 0o755],
      ["open", 1, "b/c", O_RDONLY, 0],
      ["chmod", "b", 0],
      ["reopen", 1, 2, O_RDONLY],
      ["fchmod", 1, 0o700],
      ["mkdir", "@1/a", 0o755],
      ["open", 0, "@1/a/d", O_RDWR | O_CREAT, 0o644],
      ["pwrite", 0, 0, 5000, 1],
      ["listOpen", 2],
    ],
  },
  {
    name: "bytes of a file were said to be lost when the only one of its names went that anybody had used",
    operations: [
      ["mkdir", "b", 0o755],
      ["open", 0, "a", O_RDWR | O_CREAT, 0o644],
      ["link", "a", "b/a"],
    ],
    later: [
      ["open", 0, "a", O_RDWR, 0],
      ["pwrite", 0, 0, 5000, 1],
      ["chmod", "b", 0],
      ["unlink", "a"],
      ["fstat", 0],
      ["close", 0],
    ],
  },
  {
    name: "a working directory that was removed could not be listed, or changed",
    operations: [["abandon", "c"]],
  },
];
