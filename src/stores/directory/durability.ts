/**
 * Making durable what was answered: the content and attributes of a file, the entries of a directory, and the names that
 * lead to a new or moved node, as far up as they are new.
 */
import { close, constants, fsync } from "node:fs";
import { Failure, failureFrom } from "../../base/index.ts";
import { openAt, pathOfDescriptor, workingDirectory } from "../../system/index.ts";
import { checked } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";

export async function commit(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  if (node.kind === "directory") await syncDirectory(server, node);
  else if (node.kind === "file") await syncFile(server, node);
  await syncNames(server, node);
}

async function syncFile(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  const purpose = node.writer !== undefined ? "write" : "read";
  let fd: number;
  try {
    fd = server.descriptors.acquire(node, purpose, "fsync");
  } catch (failure) {
    // A server that is an ordinary user may be unable to open the file for reading and able to for writing.
    if (!(failure instanceof Failure) || failure.code !== "EACCES" || purpose === "write") throw failure;
    fd = server.descriptors.acquire(node, "write", "fsync");
  }
  try {
    await synchronized(fd);
  } finally {
    server.descriptors.giveBack(node);
  }
}

async function syncDirectory(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  const fd = server.locator.use(node, "fsync", (named) =>
    checked(openAt(workingDirectory, pathOfDescriptor(named), constants.O_RDONLY | constants.O_DIRECTORY), "fsync"),
  );
  try {
    await synchronized(fd);
  } finally {
    close(fd, () => {});
  }
}

/** Synchronizes the directories that hold names made since, from the node upwards. */
async function syncNames(server: DirectoryServer, node: DirectoryNode): Promise<void> {
  for (let at = node; at.isNameVolatile; ) {
    at.isNameVolatile = false;
    const parents = new Set(at.places.map((place) => place.parent));
    try {
      for (const parent of parents) await syncDirectory(server, parent);
    } catch (failure) {
      at.isNameVolatile = true;
      throw failure;
    }
    const [above] = [...parents].slice(-1);
    if (above === undefined) return;
    at = above;
  }
}

function synchronized(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      if (error === null) resolve();
      else reject(failureFrom(error, { syscall: "fsync" }));
    });
  });
}
