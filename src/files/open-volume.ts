/** Opening a volume: the store gets its deadlines, the cache its budget, and the root is found. */
import { Failure, processIdentity, systemClock } from "../base/index.ts";
import { PageCache } from "../cache/index.ts";
import { type Credential, DeadlineStore, posixCredential, type Store, superuser } from "../port/index.ts";
import { CachedVolume } from "./cached-volume.ts";
import { completeCredentialOptions } from "./credentials/credential-options.ts";
import { Keyring } from "./credentials/keyring.ts";
import type { Volume, VolumeOptions } from "./volume.ts";
import { callOf } from "./volume-core.ts";

const defaults = {
  umask: 0o022,
  attributeTimeoutMs: 1000,
  entryTimeoutMs: 1000,
  storeTimeoutMs: 30_000,
  idleNodesMax: 65_536,
} as const;

/** Opens a volume over a store. The store belongs to the volume from now on, which closes it. */
export async function openVolume(store: Store, options: VolumeOptions = {}): Promise<Volume> {
  const settled = { ...defaults, credential: ownCredential(), clock: systemClock, ...options };
  const { clock } = settled;
  const keyring = new Keyring(clock, completeCredentialOptions(options));
  const credentials = keyring.isSource ? { credentials: keyring } : {};
  const bounded = new DeadlineStore(store, { clock, deadlineMs: settled.storeTimeoutMs, ...credentials });
  const cache = new PageCache(bounded, { ...options, clock });
  try {
    const askedMs = clock.nowMs();
    const root = await bounded.root(callOf(settled.credential));
    if (root.attributes.kind !== "directory") throw new Failure("ENOTDIR", { syscall: "open", path: "/" });
    return new CachedVolume(bounded, cache, keyring, { ...root, askedMs }, settled);
  } catch (thrown) {
    cache.close();
    keyring.close();
    await bounded.close();
    throw thrown;
  }
}

/** Who runs the program; where the platform knows no users, everything is permitted. */
function ownCredential(): Credential {
  const identity = processIdentity();
  return identity === undefined ? superuser : posixCredential(identity.uid, identity.gid, identity.groups);
}
