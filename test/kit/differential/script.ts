/**
 * Scripts of random operations: a function of their seed alone, so that the same script can run on two sides and be cut
 * down to the few operations that matter.
 *
 * W1 An operation is the name of an act and its parameters, all plain JSON; the acts stand beside this file.
 * W2 A script closes what it opened and looks at everything at its end, so nothing depends on when the process ends.
 */
import { constants } from "node:fs";
import { SeededRandom } from "../../../src/base/index.ts";
import { KnownPaths } from "./known-paths.ts";
import { rangeOf } from "./ranges.ts";

export type Operation = readonly [act: string, ...parameters: readonly unknown[]];

export interface ScriptOptions {
  readonly operationCount: number;
  /** Whether the script runs as root, which may change owners. */
  readonly isRoot: boolean;
}

const slotCount = 5;
const mappingCount = 3;
const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;
const { O_DIRECTORY, O_NOFOLLOW, O_SYNC, O_DSYNC, O_DIRECT } = constants;
const modes = [0o644, 0o600, 0o666, 0o777, 0o755, 0o444, 0o400, 0o200, 0, 0o4755, 0o2755, 0o6777, 0o1777, 0o2644];
const users = [0, 1, 65534, 4242, -1];
const attributeNames = ["user.a", "user.b", "user.long", "trusted.t", "security.s", "nonsense", "user.", "system.x"];
const targets = [
  "a",
  "b",
  "c",
  "../a",
  "./b/c",
  "d/a",
  "",
  ".",
  "none/such",
  "a/",
  "t".repeat(4095),
  "\xff\xfe",
  "../../x",
];
const fallocateModes = [0, 1, 3, 3, 16, 17];

class Scribe {
  readonly random: SeededRandom;
  readonly paths: KnownPaths;
  readonly isRoot: boolean;

  constructor(seed: number, isRoot: boolean) {
    this.random = new SeededRandom(seed);
    this.paths = new KnownPaths(this.random);
    this.isRoot = isRoot;
  }

  slot = (): number => this.random.below(slotCount);
  mapping = (): number => this.random.below(mappingCount);
  fill = (): number => this.random.below(251);
  mode = (): number => this.random.pick(modes);
  place = (): number => rangeOf(this.random).offset;
  span = (): number => rangeOf(this.random).length;
  name = (): string => this.random.pick(attributeNames);
  positionOrNull = (): number | null => (this.random.chance(0.4) ? null : this.place());

  /** Mostly a path at which something was made. */
  path = (): string => this.#inOpen() ?? this.paths.any();
  /** A path at which something is about to be made. */
  making = (): string => this.#inOpen() ?? this.paths.making();
  /** Mostly a path at which a directory was made. */
  directory = (): string => this.#inOpen() ?? this.paths.directory();

  /** Now and then a name in what is open, which may have been moved or removed since: "@2/a". */
  #inOpen(): string | undefined {
    return this.random.chance(0.06) ? `@${this.slot()}/${this.paths.name()}` : undefined;
  }

  openFlags(): number {
    const { random } = this;
    let flags = random.pick([O_RDWR, O_RDWR, O_RDWR, O_WRONLY, O_RDONLY]);
    if (random.chance(0.6)) flags |= O_CREAT;
    if (random.chance(0.1)) flags |= O_EXCL;
    if (random.chance(0.12)) flags |= O_TRUNC;
    if (random.chance(0.06)) flags |= random.pick([O_SYNC, O_DSYNC]);
    if (random.chance(0.05)) flags |= O_DIRECTORY;
    if (random.chance(0.06)) flags |= O_NOFOLLOW;
    // Appending at a size that is not aligned is what O_DIRECT does not allow on every file system.
    if (random.chance(0.08)) return flags | O_DIRECT;
    return random.chance(0.15) ? flags | O_APPEND : flags;
  }

  time(): string {
    const { random } = this;
    if (random.chance(0.15)) return "now";
    if (random.chance(0.15)) return "omit";
    return String(BigInt(random.below(1_500_000_000)) * 1_000_000_000n + BigInt(random.below(1_000_000_000)));
  }

  times = (): readonly string[] => [this.time(), this.time()];
  user = (): number => (this.isRoot ? this.random.pick(users) : this.random.pick([-1, 4242, 0]));

  /** A change of owner that names neither reaches a server of FUSE as nothing at all. */
  owner(): readonly [uid: number, gid: number] {
    const uid = this.user();
    return [uid, uid === -1 ? Math.max(0, this.user()) : this.user()];
  }
}

type Writer = readonly [weight: number, write: (scribe: Scribe) => Operation];

const fileWriters: readonly Writer[] = [
  [14, (s) => ["open", s.slot(), s.random.chance(0.5) ? s.making() : s.path(), s.openFlags(), s.mode()]],
  [4, (s) => ["open", s.slot(), s.directory(), O_RDONLY | O_DIRECTORY, 0]],
  [1, (s) => ["listOpen", s.slot()]],
  [2, (s) => ["reopen", s.slot(), s.slot(), s.random.pick([O_RDONLY, O_RDWR, O_WRONLY | O_TRUNC])]],
  [7, (s) => ["close", s.slot()]],
  [2, (s) => ["dup", s.slot(), s.slot()]],
  [6, (s) => ["read", s.slot(), s.span()]],
  [8, (s) => ["pread", s.slot(), s.place(), s.span()]],
  [8, (s) => ["write", s.slot(), s.span(), s.fill()]],
  [12, (s) => ["pwrite", s.slot(), s.place(), s.span(), s.fill()]],
  [2, (s) => ["writev", s.slot(), [s.span(), 0, s.span(), 7], s.positionOrNull(), s.fill()]],
  [2, (s) => ["readv", s.slot(), [s.span(), 3, s.span()], s.positionOrNull()]],
  [2, (s) => ["seek", s.slot(), s.place(), s.random.pick(["set", "end", "current"])]],
  [3, (s) => ["holes", s.slot()]],
  [1, (s) => ["seekPastEnd", s.slot()]],
  [5, (s) => ["ftruncate", s.slot(), s.place()]],
  [5, (s) => ["fallocate", s.slot(), s.random.pick(fallocateModes), s.place(), s.span()]],
  [3, (s) => ["copyRange", s.slot(), s.positionOrNull(), s.slot(), s.positionOrNull(), s.span()]],
  [3, (s) => ["fsync", s.slot()]],
  [2, (s) => ["fdatasync", s.slot()]],
  [4, (s) => ["forget", s.slot()]],
  [5, (s) => ["fstat", s.slot()]],
  [2, (s) => ["fchmod", s.slot(), s.mode()]],
  [1, (s) => ["fchown", s.slot(), ...s.owner()]],
  [2, (s) => ["futimes", s.slot(), s.times()]],
  [1, (s) => ["setxattrOpen", s.slot(), s.name(), s.random.below(300), s.fill(), s.random.below(3)]],
  [1, (s) => ["getxattrOpen", s.slot(), s.name()]],
  [1, (s) => ["linkOpen", s.slot(), s.making()]],
];

const mappingWriters: readonly Writer[] = [
  [
    5,
    (s) => [
      "mmap",
      s.mapping(),
      s.slot(),
      s.random.below(20) * 4096,
      1 + s.random.below(300_000),
      s.random.chance(0.7),
      s.random.chance(0.85),
    ],
  ],
  [1, (s) => ["munmap", s.mapping()]],
  [4, (s) => ["load", s.mapping(), s.random.below(200_000), s.span()]],
  [6, (s) => ["store", s.mapping(), s.random.below(200_000), s.span(), s.fill()]],
  [3, (s) => ["msync", s.mapping()]],
  [1, (s) => ["writeFromMapping", s.slot(), s.place(), s.mapping(), s.random.below(100_000), s.span()]],
  [1, (s) => ["readIntoMapping", s.slot(), s.place(), s.mapping(), s.random.below(100_000), s.span()]],
];

const nameWriters: readonly Writer[] = [
  [6, (s) => ["stat", s.path()]],
  [6, (s) => ["lstat", s.path()]],
  [1, (s) => ["statfs", s.path()]],
  [2, (s) => ["access", s.path(), s.random.below(8)]],
  [3, (s) => ["truncatePath", s.path(), s.place()]],
  [1, (s) => ["truncate", s.path(), s.place()]],
  [4, (s) => ["readFile", s.path()]],
  [2, (s) => ["copyFile", s.path(), s.making(), s.random.below(2)]],
  [
    7,
    (s) => [
      "mkdir",
      s.random.chance(0.9) ? s.paths.makingDirectory() : s.making(),
      s.random.chance(0.8) ? 0o755 : s.mode(),
    ],
  ],
  [4, (s) => ["rmdir", s.random.chance(0.8) ? s.directory() : s.path()]],
  [2, (s) => ["removeTree", s.directory()]],
  [0.5, (s) => ["abandon", s.paths.making()]],
  [5, (s) => ["unlink", s.path()]],
  [8, (s) => ["rename", s.path(), s.random.chance(0.5) ? s.making() : s.path(), s.random.pick([0, 0, 0, 1, 2, 3])]],
  [5, (s) => ["link", s.path(), s.making()]],
  [4, (s) => ["symlink", s.random.pick(targets), s.making()]],
  [2, (s) => ["readlink", s.path()]],
  [1, (s) => ["mknod", s.making(), s.random.pick(["fifo", "socket", "file"]), s.mode()]],
  [3, (s) => ["list", s.random.chance(0.5) ? s.directory() : s.path()]],
  [1, (s) => ["listDuring", s.random.chance(0.5) ? s.directory() : s.path(), ["p", "q", "r"], ["q", "a", "s"]]],
  [0.1, (s) => ["deep", 25, "v".repeat(s.random.pick([200, 255])), s.fill()]],
  [0.15, (s) => ["crowd", s.path(), s.random.pick([5, 100, 400])]],
  [4, (s) => ["chmod", s.path(), s.mode()]],
  [2, (s) => ["chown", s.path(), ...s.owner()]],
  [1, (s) => ["lchown", s.path(), ...s.owner()]],
  [4, (s) => ["utimes", s.path(), s.times(), s.random.chance(0.5)]],
  [0.5, (s) => ["umask", s.random.pick([0o022, 0, 0o077, 0o027])]],
  [3, (s) => ["setxattr", s.path(), s.name(), s.random.pick([0, 5, 300, 3000]), s.fill(), s.random.below(3)]],
  [2, (s) => ["getxattr", s.path(), s.name()]],
  [1, (s) => ["getxattrSized", s.path(), s.name(), s.random.pick([0, 1, 5, 100])]],
  [2, (s) => ["listxattr", s.path()]],
  [1, (s) => ["removexattr", s.path(), s.name()]],
  [0.5, () => ["tree"]],
];

const writers: readonly Writer[] = [...fileWriters, ...mappingWriters, ...nameWriters];
const weightSum: number = writers.reduce((sum, [weight]) => sum + weight, 0);

function writerFor(random: SeededRandom): Writer[1] {
  let left = (random.next() / 2 ** 32) * weightSum;
  for (const [weight, write] of writers) {
    left -= weight;
    if (left < 0) return write;
  }
  return () => ["tree"];
}

/** What every script begins with, so that there is something to meet. */
const opening: readonly Operation[] = [
  ["mkdir", "b", 0o755],
  ["open", 0, "a", O_RDWR | O_CREAT, 0o644],
  ["pwrite", 0, 0, 70_000, 1],
  ["open", 1, "b/c", O_RDWR | O_CREAT, 0o600],
  ["symlink", "a", "d"],
];

/** What every script ends with. */
export const ending: readonly Operation[] = [
  ...Array.from({ length: mappingCount }, (_, number): Operation => ["munmap", number]),
  ...Array.from({ length: slotCount }, (_, slot): Operation => ["close", slot]),
  ["tree"],
];

/** The script of a seed. */
export function scriptOf(seed: number, options: ScriptOptions): Operation[] {
  const scribe = new Scribe(seed, options.isRoot);
  const operations = Array.from({ length: options.operationCount }, () => writerFor(scribe.random)(scribe));
  return [...opening, ...operations, ...ending];
}
