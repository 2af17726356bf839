/**
 * The stage of the demonstration: one directory that plays the server, a volume of one client over it, a rescue, and a
 * narrator. Another client is whoever changes the directory by itself.
 */
import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Credential, openVolume, posixCredential, type Store, type Volume, type VolumeOptions } from "holdfast";
import { openRescue, type Rescue } from "holdfast/rescue";
import { directoryStore } from "holdfast/stores/directory";

/** The user in whose name client 1 works: root passes every check, so it lends itself to nobody's story. */
const storyUser = 1000;

export interface Stage extends AsyncDisposable {
  /** The directory that the server serves. */
  readonly served: string;
  readonly user: Credential;
  readonly rescue: Rescue;
  /** A cache of its own over the same server. */
  openClient(options?: VolumeOptions): Promise<Volume>;
  /** Makes the user the owner of a file or directory on the server. */
  giveToUser(path: string): Promise<void>;
  /** The same rescue directory, for entries of another store. The caller closes it. */
  openRescueFor(storeUrl: string): Promise<Rescue>;
  /** The server without a cache, for a person who restores. */
  openStore(): Store;
}

export async function openStage(): Promise<Stage> {
  const place = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const served = join(place, "server");
  await mkdir(served);
  const uid = process.getuid?.() ?? storyUser;
  const gid = process.getgid?.() ?? storyUser;
  const user = uid === 0 ? posixCredential(storyUser, storyUser) : posixCredential(uid, gid);
  const rescue = await openRescue(join(place, "rescue"), { create: true, storeUrl: `dir:${served}` });
  const clients: Volume[] = [];
  return {
    served,
    user,
    rescue,
    async openClient(options = {}) {
      const volume = await openVolume(directoryStore(served), { credential: user, rescue, ...options });
      clients.push(volume);
      return volume;
    },
    async giveToUser(path) {
      if (uid === 0) await chown(path, user.uid, user.gid);
    },
    openRescueFor: (storeUrl) => openRescue(rescue.directory, { storeUrl }),
    openStore: () => directoryStore(served),
    async [Symbol.asyncDispose]() {
      // What the story left undelivered has been shown by then.
      for (const volume of clients) await volume.close().catch(() => undefined);
      await rescue.close();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** Tells the story: a title for each act, a line for each thing that happens, what it says set off below. */
export class Narrator {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  act(title: string): void {
    this.#write(`\n${title}\n${"-".repeat(title.length)}`);
  }

  tell(line: string): void {
    this.#write(`  ${line}`);
  }

  show(name: string, value: string): void {
    this.#write(`      ${`${name}:`.padEnd(26)} ${value}`);
  }
}

/** What an operation was answered, in words. */
export async function answerOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "done";
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
