/**
 * Which store a URL names. This and the tests are the only places where stores are introduced to volumes.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Store } from "../port/index.ts";
import { directoryStore } from "../stores/directory/index.ts";
import { MemoryServer, memoryStore } from "../stores/memory/index.ts";
import { CommandError, UsageError } from "./command-error.ts";

/** A store that can be opened, and what is known of it before. */
export interface StoreLocation {
  /** The URL with relative paths resolved, so that it means the same from any working directory. */
  readonly url: string;
  /** The local directory that the store stands on, where it stands on one. */
  readonly localDirectory: string | undefined;
  open(): Promise<Store>;
}

const schemes = "dir:/path/of/a/directory or mem:";

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
    case "mem":
      if (rest !== "") throw new UsageError(`mem: takes nothing after the colon, and got "${rest}"`);
      return { url: "mem:", localDirectory: undefined, open: async () => memoryStore(new MemoryServer()) };
    default:
      throw new UsageError(`no store knows the scheme "${scheme}:"; use ${schemes}`);
  }
}

function directoryLocation(rest: string): StoreLocation {
  const path = rest.startsWith("//") ? rest.replace(/^\/+/, "/") : rest;
  if (path === "") throw new UsageError("dir: wants the path of a directory, as in dir:/srv/data");
  const root = resolve(path);
  return {
    url: `dir:${root}`,
    localDirectory: root,
    async open() {
      await requireDirectory(root);
      return directoryStore(root);
    },
  };
}

async function requireDirectory(root: string): Promise<void> {
  try {
    if ((await stat(root)).isDirectory()) return;
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === "ENOENT") throw new CommandError(`the store directory ${root} does not exist; make it first`);
    throw new CommandError(`the store directory ${root} cannot be read (${code ?? String(thrown)})`);
  }
  throw new CommandError(`the store ${root} is not a directory`);
}
