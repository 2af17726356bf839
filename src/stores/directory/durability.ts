/**
 * Making durable what was answered: the content and attributes of a file, the entries of a directory, and the names that
 * lead to a new or moved node, as far up as they are new.
 */
import { close, constants, fsync } from "node:fs";
import { failureFrom } from "../../base/index.ts";
import { openAt, pathOfDescriptor, syncFileSystem, workingDirectory } from "../../system/index.ts";
import { checked, isRefusal } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";

export async function commit(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  try {
    await commitAlone(server, node);
  } catch (failure) {
    if (!isRefusal(failure) || !(await commitAround(server, node))) throw failure;
  }
}

async function commitAlone(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  if (node.kind === "directory") await syncDirectory(server, node);
  else if (node.kind === "file") await syncFile(server, node);
  await syncNames(server, node);
}

/**
 * A server that is an ordinary user may be unable to open what it made. Then everything that the file system holds is made
 * durable, by the nearest directory above that it can open; false when there is none on the same file system.
 */
async function commitAround(server: DirectoryServer, node: DirectoryNode): Promise<boolean> {
  for (let at = directoryAbove(node); at !== undefined; at = directoryAbove(at)) {
    if (deviceOf(at) !== deviceOf(node)) return false;
    let fd: number;
    try {
      fd = openDirectory(server, at);
    } catch (failure) {
      if (isRefusal(failure)) continue;
      throw failure;
    }
    try {
      await syncFileSystem(fd);
    } finally {
      close(fd, () => {});
    }
    return true;
  }
  return false;
}

function directoryAbove(node: DirectoryNode): DirectoryNode | undefined {
  return node.places[node.places.length - 1]?.parent;
}

/** An identity begins with the device. */
function deviceOf(node: DirectoryNode): string | undefined {
  return node.identity.split(".")[0];
}

async function syncFile(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  const purpose = node.writer !== undefined ? "write" : "read";
  let fd: number;
  try {
    fd = server.descriptors.acquire(node, purpose, "fsync");
  } catch (failure) {
    // A server that is an ordinary user may be unable to open the file for reading and able to for writing.
    if (!isRefusal(failure) || purpose === "write") throw failure;
    fd = server.descriptors.acquire(node, "write", "fsync");
  }
  try {
    await synchronized(fd);
  } finally {
    server.descriptors.giveBack(node);
  }
}

async function syncDirectory(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  const fd = openDirectory(server, node);
  try {
    await synchronized(fd);
  } finally {
    close(fd, () => {});
  }
}

function openDirectory(server: DirectoryServer, node: DirectoryNode): number {
  return server.locator.use(node, "fsync", (named) => {
    const path = pathOfDescriptor(named);
    const open = (): number => openAt(workingDirectory, path, constants.O_RDONLY | constants.O_DIRECTORY);
    return checked(server.locator.open(open), "fsync");
  });
}

/**
 * Synchronizes the directories that hold names made since, from the node upwards. Only when all of them are done is any name
 * durable: another commit that meets one of these nodes meanwhile must not take it for that.
 */
async function syncNames(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  const done = new Map<DirectoryNode, number>();
  let at: DirectoryNode | undefined = node;
  while (at !== undefined && at.nameCount > at.durableNameCount && !done.has(at)) {
    done.set(at, at.nameCount);
    const parents: ReadonlySet<DirectoryNode> = new Set(at.places.map((place) => place.parent));
    for (const parent of parents) await syncDirectory(server, parent);
    at = [...parents].at(-1);
  }
  for (const [named, nameCount] of done) named.durableNameCount = Math.max(named.durableNameCount, nameCount);
}

function synchronized(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      if (error === null) resolve();
      else reject(failureFrom(error, { syscall: "fsync" }));
    });
  });
}
