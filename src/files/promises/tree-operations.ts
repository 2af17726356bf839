/** Operations on whole trees: making the directories of a path, removing and listing recursively. */
import { Failure } from "../../base/index.ts";
import type { DirectoryEntry } from "../../port/index.ts";
import { pathOf } from "../names/path-of.ts";
import type { Node } from "../node.ts";
import { Dirent } from "./dirent.ts";
import { isCode, type PathOperations } from "./path-operations.ts";

const depthMax = 1024;

/** The names of a directory. */
export async function listNode(paths: PathOperations, node: Node): Promise<readonly DirectoryEntry[]> {
  const directory = await paths.volume.openDirectory(node, paths.call);
  try {
    return await directory.load();
  } finally {
    await directory.release();
  }
}

/** Makes a directory and those above it; answers with the first path that was made. */
export async function makeDirectories(paths: PathOperations, path: string, mode: number): Promise<string | undefined> {
  const missing: string[] = [];
  let at = path.replace(/(?<=.)\/+$/, "");
  while (!(await isDirectory(paths, at, path))) {
    missing.push(at);
    const parent = at.replace(/\/*[^/]+$/, "");
    at = parent === "" ? "/" : parent;
    if (missing.length > depthMax) throw new Failure("ENAMETOOLONG", { syscall: "mkdir", path });
  }
  for (const next of missing.reverse()) {
    try {
      await paths.atNewName(next, "mkdir", ({ parent, name }) =>
        paths.volume.makeDirectory(parent, name, mode & ~paths.umask, paths.call),
      );
    } catch (thrown) {
      if (!isCode(thrown, "EEXIST") || !(await isDirectory(paths, next, path))) throw thrown;
    }
  }
  return missing[0];
}

/** Whether a path is a directory; EEXIST or ENOTDIR when something else is in the way. */
async function isDirectory(paths: PathOperations, path: string, wanted: string): Promise<boolean> {
  try {
    const { kind } = await paths.attributes(path, "mkdir", true);
    if (kind === "directory") return true;
    throw new Failure(path === wanted ? "EEXIST" : "ENOTDIR", { syscall: "mkdir", path: wanted });
  } catch (thrown) {
    if (isCode(thrown, "ENOENT")) return false;
    throw thrown;
  }
}

/** Removes a node by its name, and everything below it; names that go meanwhile are no failure. */
export async function removeTree(
  paths: PathOperations,
  parent: Node,
  name: string,
  node: Node,
  depth = 0,
): Promise<void> {
  if (node.kind !== "directory") return paths.volume.unlink(parent, name, paths.call);
  if (depth > depthMax) throw new Failure("ELOOP", { syscall: "rm", path: node.path });
  for (const entry of await listNode(paths, node)) {
    try {
      const child = await paths.volume.lookup(node, entry.name, paths.call);
      await removeTree(paths, node, entry.name, child, depth + 1);
    } catch (thrown) {
      if (!isCode(thrown, "ENOENT")) throw thrown;
    }
  }
  await paths.volume.removeDirectory(parent, name, paths.call);
}

/** Every entry below a directory, a directory before what is in it. `relative` is the path from the start, with "/" after it. */
export async function* walkTree(
  paths: PathOperations,
  node: Node,
  directoryPath: string,
  relative = "",
  depth = 0,
): AsyncGenerator<{ readonly relative: string; readonly dirent: Dirent }, void, undefined> {
  if (depth > depthMax) throw new Failure("ELOOP", { syscall: "scandir", path: node.path });
  for (const entry of await listNode(paths, node)) {
    yield { relative: relative + entry.name, dirent: new Dirent(entry.name, directoryPath, entry.kind) };
    if (entry.kind !== "directory") continue;
    const child = await paths.volume.lookup(node, entry.name, paths.call);
    yield* walkTree(paths, child, pathOf(directoryPath, entry.name), `${relative}${entry.name}/`, depth + 1);
  }
}
