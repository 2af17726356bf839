/** The store that an entry's file lives in, opened for a comparison or a restore. */
import { failureFrom, maskSecrets } from "../../base/index.ts";
import { type Credential, DeadlineStore, posixCredential, type Store } from "../../port/index.ts";
import type { WholeEntry } from "../../rescue/index.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { parseStoreUrl } from "../store-url.ts";
import type { OptionSpecification, VerbArguments } from "../verb.ts";

export const storeOptions: Readonly<Record<string, OptionSpecification>> = {
  store: { value: "URL", summary: "The store, if it is not where the entry says, or its URL needs a secret." },
  as: { value: "UID:GID", summary: "In whose name, also as UID:GID:GROUP,GROUP. Default: whoever wrote the bytes." },
};

/** Runs `use` with the store of `--store`, or else of the entry, under whose deadline nothing waits for ever. */
export async function withStoreOf<Result>(
  entry: WholeEntry,
  { values }: VerbArguments,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const url = values.store ?? urlOf(entry);
  const location = parseStoreUrl(url);
  let store: Store;
  try {
    store = new DeadlineStore(await location.open());
  } catch (thrown) {
    if (thrown instanceof CommandError) throw thrown;
    throw new CommandError(`the store ${maskSecrets(url)} cannot be opened: ${failureFrom(thrown).message}`);
  }
  try {
    return await use(store);
  } catch (thrown) {
    const { code, message } = failureFrom(thrown);
    const { uid } = entry.manifest.credential;
    if (values.as !== undefined || (code !== "EACCES" && code !== "EPERM")) throw thrown;
    throw new CommandError(
      `${message}; user ${uid} wrote these bytes and may not: give the right, or say --as UID:GID`,
    );
  } finally {
    await store.close();
  }
}

function urlOf(entry: WholeEntry): string {
  const url = entry.manifest.store;
  if (url === null) throw new CommandError(`entry ${entry.id} does not say where its file lives; give --store URL`);
  if (url === "mem:") {
    throw new CommandError(`the file of entry ${entry.id} was in memory and went with its mount; give --store URL`);
  }
  return url;
}

/** The credential of `--as`; undefined without one. */
export function credentialOf({ values }: VerbArguments): Credential | undefined {
  const text = values.as;
  if (text === undefined) return undefined;
  const match = /^(\d{1,10}):(\d{1,10})(?::(\d{1,10}(?:,\d{1,10})*))?$/.exec(text);
  const [uid = Number.NaN, gid = Number.NaN, ...groups] =
    match?.slice(1).join(",").split(",").filter(Boolean).map(Number) ?? [];
  const idMax = 2 ** 32 - 2;
  if (match === null || [uid, gid, ...groups].some((id) => id > idMax)) {
    throw new UsageError(`--as wants numbers, as in --as 1000:1000 or --as 1000:1000:27,100, not "${text}"`);
  }
  return posixCredential(uid, gid, groups);
}
