/** A directory store over a scratch directory, with a directory beside it that the store must never reach. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { cancelController, decodeFileName } from "../../../../src/base/index.ts";
import { type Call, type Credential, posixCredential, type Store } from "../../../../src/port/index.ts";
import { type DirectoryStoreOptions, directoryStore } from "../../../../src/stores/directory/index.ts";

export const isRoot: boolean = process.getuid?.() === 0;

export interface ScratchStore {
  readonly store: Store;
  /** The store's root directory, and one outside it. */
  readonly inside: string;
  readonly outside: string;
  readonly root: string;
}

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

export function callOf(credential: Credential): Call {
  return { credential, signal: cancelController().signal };
}

/** The user that the tests run as. */
export const self: Call = callOf(posixCredential(process.getuid?.() ?? -1, process.getgid?.() ?? -1));

export async function scratchStore(options: DirectoryStoreOptions = {}): Promise<ScratchStore> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-directory-"));
  chmodSync(base, 0o755);
  const [inside, outside] = [join(base, "inside"), join(base, "outside")];
  mkdirSync(inside);
  mkdirSync(outside);
  const store = directoryStore(inside, options);
  cleanUps.push(async () => {
    await store.close();
    // The system's own program: it removes trees that are deeper than a path may be long.
    execFileSync("rm", ["-rf", base]);
  });
  const { node } = await store.root(self);
  return { store, inside, outside, root: node };
}

export async function readText(store: Store, node: string, call: Call = self): Promise<string> {
  const frame = new Uint8Array(4096);
  const { byteCount } = await store.read(node, 0, [frame], call);
  return decodeFileName(frame.subarray(0, byteCount));
}

/** What a rejected operation failed with; "none" when it did not. */
export async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "none";
  } catch (failure) {
    return (failure as { code?: string }).code ?? String(failure);
  }
}
