/**
 * A directory store behind a mount with a rescue of its own, several users at work on it, and the command as a person types
 * it: for tests of what becomes of bytes that the store refuses.
 */
import { chmod, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RefusalStatus } from "../../src/cli/control/protocol.ts";
import type { RescueManifest, RestoredMark } from "../../src/rescue/index.ts";
import { type Finished, runHoldfast } from "./command.ts";
import { MountedStore, run } from "./mounted-store.ts";
import { mountsBelow, scratchDirectory } from "./scratch.ts";
import { type Person, Worker } from "./worker.ts";

export const alice: Person = { uid: 1101, gid: 1101 };
export const bob: Person = { uid: 1102, gid: 1102 };
export const carol: Person = { uid: 1103, gid: 1103 };

/** What `rescue list --json` says of a whole entry. */
export interface ListedEntry {
  readonly id: string;
  readonly manifest: RescueManifest;
  readonly restored?: RestoredMark;
}

export class RefusalMount implements AsyncDisposable {
  readonly mounted: MountedStore;
  readonly rescue: string;
  readonly #workers: Worker[] = [];

  private constructor(mounted: MountedStore, rescue: string) {
    this.mounted = mounted;
    this.rescue = rescue;
  }

  /** Mounts with the flags. `prepare` is given the directory that is to be the store, and may mount something there. */
  static async start(
    name: string,
    flags: readonly string[] = [],
    prepare: (store: string) => Promise<void> = () => Promise.resolve(),
  ): Promise<RefusalMount> {
    const scratch = await scratchDirectory(name);
    const [store, rescue] = [join(scratch, "store"), join(scratch, "rescue")];
    await mkdir(store);
    await mkdir(rescue, { mode: 0o700 });
    for (const path of [scratch, dirname(scratch)]) await chmod(path, 0o755);
    await prepare(store);
    await chmod(store, 0o1777);
    const always = ["--allow-other", "--attribute-timeout", "200ms", "--rescue", rescue];
    return new RefusalMount(await MountedStore.start(name, [...always, ...flags], store), rescue);
  }

  /** A process of the person's; it ends with the mount. */
  async as(person: Person): Promise<Worker> {
    const worker = await Worker.start(this.mounted.scratch, this.mounted.point, person);
    this.#workers.push(worker);
    return worker;
  }

  /** Runs a verb about rescued bytes. */
  rescued(verb: string, ...words: readonly string[]): Promise<Finished> {
    return runHoldfast(["rescue", verb, "--rescue", this.rescue, ...words]);
  }

  async entries(): Promise<readonly ListedEntry[]> {
    const listed = await this.rescued("list", "--json");
    if (listed.status !== 0) throw new Error(listed.stderr);
    return (JSON.parse(listed.stdout) as { entries: ListedEntry[] }).entries;
  }

  /** The bytes of an entry, one range after the other, as text. */
  async textOf(id: string): Promise<string> {
    const shown = await this.rescued("show", "--bytes", id);
    if (shown.status !== 0) throw new Error(shown.stderr);
    return shown.stdout;
  }

  async refusals(): Promise<readonly RefusalStatus[]> {
    const told = await runHoldfast(["refusals", this.mounted.point, "--json"]);
    if (told.status !== 0) throw new Error(told.stderr);
    return (JSON.parse(told.stdout) as { refusals: RefusalStatus[] }).refusals;
  }

  /** Unmounts by the command, after everybody has gone; answers how both that and the mount ended. */
  async unmount(...flags: readonly string[]): Promise<{ readonly asked: Finished; readonly ended: Finished }> {
    await this.#everybodyLeaves();
    const asked = await runHoldfast(["unmount", this.mounted.point, ...flags]);
    return { asked, ended: await this.mounted.mount.finished() };
  }

  async #everybodyLeaves(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#everybodyLeaves();
    await this.mounted[Symbol.asyncDispose]();
    // What the store lies on, if that was mounted for it.
    for (const directory of await mountsBelow(this.mounted.scratch)) await run("umount", [directory]);
  }
}
