/**
 * Which store a URL names. This and the tests are the only places where stores are introduced to volumes.
 */
import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { neverFires } from "../base/index.ts";
import type { Store } from "../port/index.ts";
import { directoryStore } from "../stores/directory/index.ts";
import { directoryDrive, markMedium, mediumStore } from "../stores/medium/index.ts";
import { MemoryServer, memoryStore } from "../stores/memory/index.ts";
import { CommandError, UsageError } from "./command-error.ts";

export interface StoreOpenOptions {
  /** Of a medium: whether it may lose what it took a second ago when it is pulled out. Default false. */
  readonly volatileWrites?: boolean;
}

/** A store that can be opened, and what is known of it before. */
export interface StoreLocation {
  /** The URL with relative paths resolved, so that it means the same from any working directory. */
  readonly url: string;
  /** The local directory that the store stands on, where it stands on one. */
  readonly localDirectory: string | undefined;
  open(options?: StoreOpenOptions): Promise<Store>;
  /**
   * The location with what is there now made part of its URL, so that it is never taken for another: which medium is in. `warn`
   * is told what a person should know of it.
   */
  identify?(warn: (message: string) => void): Promise<StoreLocation>;
}

const schemes = "dir:/path/of/a/directory, medium:/mount/point/of/a/medium or mem:";

/** Reads a store's URL; an unknown scheme is a usage error. */
export function parseStoreUrl(text: string): StoreLocation {
  const match = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text);
  if (match === null) {
    const advice = text === "" ? `it should be ${schemes}` : `for the directory, say dir:${text}`;
    throw new UsageError(`"${text}" is no store URL; ${advice}`);
  }
  const scheme = (match[1] ?? "").toLowerCase();
  const rest = match[2] ?? "";
  switch (scheme) {
    case "dir":
      return directoryLocation(rest);
    case "medium":
      return mediumLocation(rest);
    case "mem":
      if (rest !== "") throw new UsageError(`mem: takes nothing after the colon, and got "${rest}"`);
      return { url: "mem:", localDirectory: undefined, open: async () => memoryStore(new MemoryServer()) };
    default:
      throw new UsageError(`no store knows the scheme "${scheme}:"; use ${schemes}`);
  }
}

/** The path of `dir:` and `medium:`, which may be written with slashes in front. */
function localRoot(scheme: string, rest: string, example: string): string {
  const path = rest.startsWith("//") ? rest.replace(/^\/+/, "/") : rest;
  if (path === "") throw new UsageError(`${scheme}: wants the path of a directory, as in ${scheme}:${example}`);
  return resolve(path);
}

function directoryLocation(rest: string): StoreLocation {
  const root = localRoot("dir", rest, "/srv/data");
  return {
    url: `dir:${root}`,
    localDirectory: root,
    async open() {
      await requireDirectory(root);
      return directoryStore(root);
    },
  };
}

/** A medium that may be taken out of its mount point; with `#id` at the end, that one and no other. */
function mediumLocation(rest: string): StoreLocation {
  const [, pathText = rest, wanted] = /^(.*)#([0-9a-f-]{36})$/s.exec(rest) ?? [];
  const root = localRoot("medium", pathText, "/media/usb");
  const drive = directoryDrive(root, () => directoryStore(root, { staysWithRoot: true }));
  const url = (id: string | undefined) => (id === undefined ? `medium:${root}` : `medium:${root}#${id}`);
  return {
    url: url(wanted),
    localDirectory: root,
    async open({ volatileWrites = false } = {}) {
      await requireDirectory(root);
      const store = await mediumStore(drive, { durableWrites: !volatileWrites });
      if (wanted === undefined || store.mediumId === wanted) return store;
      await store.close();
      throw anotherMedium(root, wanted);
    },
    async identify(warn) {
      await requireDirectory(root);
      await requireMounted(root);
      if (wanted !== undefined) {
        const inserted = await drive.identify(neverFires).catch(() => undefined);
        if (inserted?.medium !== wanted) throw anotherMedium(root, wanted);
      }
      const { medium, was } = await markMedium(root);
      if (was === "copied")
        warn(`the marker at ${root} was copied from another medium; this one has an id of its own now`);
      return mediumLocation(`${root}#${medium}`);
    },
  };
}

function anotherMedium(root: string, wanted: string): CommandError {
  return new CommandError(`another medium is in at ${root}; put in the one with the id ${wanted}`);
}

/** An empty mount point must not be marked as if it were a medium. */
async function requireMounted(root: string): Promise<void> {
  const [here, above] = await Promise.all([stat(root), stat(dirname(root))]);
  if (here.dev !== above.dev) return;
  throw new CommandError(`no medium is mounted at ${root}; put it in first, or use dir:${root} for a plain directory`);
}

async function requireDirectory(root: string): Promise<void> {
  try {
    if ((await stat(root)).isDirectory()) return await access(root, constants.X_OK);
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === "ENOENT") throw new CommandError(`the store directory ${root} does not exist; make it first`);
    if (code === "EACCES")
      throw new CommandError(`the store directory ${root} is not open to you; ask its owner, or mount as root`);
    throw new CommandError(`the store directory ${root} cannot be read (${code ?? String(thrown)})`);
  }
  throw new CommandError(`the store ${root} is not a directory; use one, or the one it lies in: ${dirname(root)}`);
}
