/** The names of a directory, read in chunks; between the chunks of a large one other work gets its turn. */
import { closeSync, constants } from "node:fs";
import { decodeFileName, Failure } from "../../base/index.ts";
import type { Credential, DirectoryEntry } from "../../port/index.ts";
import {
  nextDirectoryEntries,
  openAt,
  pathOfDescriptor,
  type RawDirectoryEntry,
  statusAt,
  workingDirectory,
} from "../../system/index.ts";
import { kindOf, kindOfEntryType } from "./attributes.ts";
import { checked } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";
import { withNul } from "./locator.ts";

const chunksBeforeYield = 8;

export async function list(
  server: DirectoryServer,
  node: DirectoryNode,
  credential: Credential,
): Promise<readonly DirectoryEntry[]> {
  const fd = server.inDirectory(node, "readdir", (named, status) => {
    server.holds.require(node, "read", credential, named, status, "readdir");
    const path = pathOfDescriptor(named);
    const open = (): number => openAt(workingDirectory, path, constants.O_RDONLY | constants.O_DIRECTORY);
    return checked(server.locator.open(open), "readdir");
  });
  try {
    const entries: DirectoryEntry[] = [];
    for (let chunk = 1; ; chunk++) {
      const raw = checked(nextDirectoryEntries(fd), "readdir");
      if (raw.length === 0) return entries;
      for (const entry of raw) append(entries, fd, entry);
      if (chunk % chunksBeforeYield === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } catch (failure) {
    // A directory that was removed while it was read has no names.
    if (failure instanceof Failure && failure.code === "ENOENT") return [];
    throw failure;
  } finally {
    closeSync(fd);
  }
}

function append(entries: DirectoryEntry[], directory: number, raw: RawDirectoryEntry): void {
  let kind = kindOfEntryType(raw.type);
  if (kind === undefined) {
    const status = statusAt(directory, withNul(raw.name));
    if (status === undefined) return;
    kind = kindOf(status);
  }
  entries.push({ name: decodeFileName(raw.name), kind, inode: raw.inode });
}
