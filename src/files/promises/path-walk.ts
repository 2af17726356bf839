/**
 * Walking a path: one name at a time from the root, symbolic links replaced by their targets, `..` leading back the way
 * that was walked. What is cached and granted costs no promise.
 */
import { decodeFileName, Failure } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import type { CachedVolume } from "../cached-volume.ts";
import type { Node } from "../node.ts";

const symbolicLinksMax = 40;

/** A path as node:fs takes it. Bytes need not be UTF-8. */
export type PathLike = string | Uint8Array | { readonly protocol: string; readonly pathname: string };

/** Where a path led. */
export interface Found {
  /** The directory of the last name; the node itself when the path ends in no name (`/`, `..`). */
  readonly parent: Node;
  /** The last name; empty when the path ends in none. */
  readonly name: string;
  /** The names that lead from the root to `parent`, free of symbolic links. */
  readonly way: readonly string[];
  /** Undefined when the last name does not exist. */
  readonly node: Node | undefined;
  /** Whether the path ended in a slash and so means a directory. */
  readonly wantsDirectory: boolean;
}

export interface WalkOptions {
  /** Whether a symbolic link at the end is replaced by its target. */
  readonly follow: boolean;
  /** Whether each name is asked for at the store, after a cached one turned out to be old. */
  readonly afresh?: boolean;
}

/** The text of a path. */
export function pathText(path: PathLike): string {
  const text = typeof path === "string" ? path : path instanceof Uint8Array ? decodeFileName(path) : textOfUrl(path);
  if (text.includes("\0")) throw new Failure("EINVAL", { detail: "a path holds no NUL" });
  return text;
}

function textOfUrl(url: { readonly protocol: string; readonly pathname: string } | undefined): string {
  if (url?.protocol !== "file:") throw new Failure("EINVAL", { detail: "a path is text, bytes or a file: URL" });
  return decodeURIComponent(url.pathname);
}

/** Walks a path from the root. ENOENT and ENOTDIR for what lies before the last name; ELOOP after 40 links. */
export async function walkPath(volume: CachedVolume, path: string, call: Call, options: WalkOptions): Promise<Found> {
  if (path === "") throw new Failure("ENOENT", { path });
  const names = namesOf(path).reverse();
  const trail: Node[] = [volume.root];
  const way: string[] = [];
  let linksLeft = symbolicLinksMax;
  let wantsDirectory = endsInDirectory(path);
  while (names.length > 0) {
    const name = names.pop() as string;
    const parent = trail[trail.length - 1] as Node;
    if (parent.kind !== "directory") throw new Failure("ENOTDIR", { path });
    if (name === "..") {
      if (trail.length > 1) trail.pop();
      way.pop();
      continue;
    }
    const isLast = names.length === 0;
    const node = await step(volume, parent, name, call, options.afresh === true);
    if (node === undefined) {
      if (isLast) return { parent, name, way, node, wantsDirectory };
      throw new Failure("ENOENT", { path });
    }
    if (node.kind === "symbolicLink" && (!isLast || options.follow || wantsDirectory)) {
      if (--linksLeft < 0) throw new Failure("ELOOP", { path });
      const target = await volume.readLink(node, call);
      if (target.startsWith("/")) {
        trail.length = 1;
        way.length = 0;
      }
      if (isLast && endsInDirectory(target)) wantsDirectory = true;
      names.push(...namesOf(target).reverse());
      continue;
    }
    if (isLast) {
      if (wantsDirectory && node.kind !== "directory") throw new Failure("ENOTDIR", { path });
      return { parent, name, way, node, wantsDirectory };
    }
    trail.push(node);
    way.push(name);
  }
  const node = trail[trail.length - 1] as Node;
  return { parent: node, name: "", way, node, wantsDirectory: true };
}

async function step(
  volume: CachedVolume,
  parent: Node,
  name: string,
  call: Call,
  afresh: boolean,
): Promise<Node | undefined> {
  const cached = afresh ? undefined : volume.tryLookup(parent, name, call.credential);
  if (cached !== undefined) return cached ?? undefined;
  try {
    return await volume.lookupAtStore(parent, name, call);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function endsInDirectory(path: string): boolean {
  return path.endsWith("/") || path.endsWith("/.") || path === ".";
}
