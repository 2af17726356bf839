/** A medium with real files that goes and comes while programs use them: a directory that is renamed out of the drive and back. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import type { FileHandle } from "../../../../src/files/index.ts";
import { type Store, superuser } from "../../../../src/port/index.ts";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { directoryDrive, type MediumStore, markMedium, mediumStore } from "../../../../src/stores/medium/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { withMembers } from "../../../kit/hooked-store.ts";
import { fileOnMedium, type OpenMedium } from "../../../kit/medium-in-drive.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { until } from "../../../kit/until.ts";
import { settle, VirtualClock } from "../../../kit/virtual-clock.ts";

const call = callAs(superuser);

class RealMedium implements OpenMedium {
  readonly store: MediumStore;
  readonly clock: VirtualClock;
  readonly #drive: string;
  readonly #hand: string;
  /** Where its files are now. */
  directory: string;

  private constructor(bay: string, store: MediumStore, clock: VirtualClock) {
    this.#drive = join(bay, "drive");
    this.#hand = join(bay, "hand");
    this.directory = this.#drive;
    this.store = store;
    this.clock = clock;
  }

  /** `wrap` puts something between the medium's files and its store, each time that it is put in. */
  static async make(wrap: (store: Store) => Store = (store) => store): Promise<RealMedium> {
    const bay = await mkdtemp(join(tmpdir(), "holdfast-medium-"));
    const drive = join(bay, "drive");
    await mkdir(drive);
    await markMedium(drive);
    const clock = new VirtualClock();
    const open = () => wrap(directoryStore(drive, { staysWithRoot: true }));
    const store = await mediumStore(directoryDrive(drive, open), { clock });
    onTestFinished(async () => {
      await store.close();
      await rm(bay, { recursive: true });
    });
    return new RealMedium(bay, store, clock);
  }

  takeOut(): Promise<void> {
    return this.#move(this.#hand);
  }

  putIn(): Promise<void> {
    return this.#move(this.#drive);
  }

  async #move(to: string): Promise<void> {
    await rename(this.directory, to);
    this.directory = to;
    await this.store.look();
  }
}

/** While it is closed, whoever comes waits. */
class Gate {
  waiting = 0;
  open: () => void = () => undefined;
  #opened: Promise<void> = Promise.resolve();

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  async pass(): Promise<void> {
    this.waiting += 1;
    await this.#opened;
    this.waiting -= 1;
  }
}

/** A store that has nothing to say of a file without a name, as NFS. */
function forgetful(store: Store): Store {
  const getAttributes: Store["getAttributes"] = async (node, call) => {
    const attributes = await store.getAttributes(node, call);
    if (attributes.linkCount === 0) throw new Failure("ESTALE", { syscall: "stat" });
    return attributes;
  };
  return withMembers(store, { getAttributes });
}

async function staysGone({ clock }: OpenMedium, file: FileHandle): Promise<void> {
  for (let looks = 0; looks < 2; looks++) {
    expect((await file.stat()).nlink).toBe(0);
    await expect(file.write("more", 0)).rejects.toMatchObject({ code: "ESTALE" });
    await clock.advance(2_000);
  }
  await file.close().catch(() => undefined);
}

describe("a file that somebody else removed from its medium", () => {
  it.each([
    ["knows what is left of it", (store: Store) => store],
    ["knows nothing of it any more", forgetful],
  ])(
    "[S1.10] [S0.14] [G25] takes no more bytes for being looked at while the medium is out, where its store %s",
    async (_, wrap) => {
      const medium = await RealMedium.make(wrap);
      const { file } = await fileOnMedium(medium, new RescueInMemory(), "first");
      await rm(join(medium.directory, "file"));
      await file.write("second", 0);
      await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "gone" });
      await medium.takeOut();
      await staysGone(medium, file);
    },
  );

  it("[S1.10] [S0.14] [G25] takes no more bytes for being looked at while the medium is out again", async () => {
    const medium = await RealMedium.make();
    const { file } = await fileOnMedium(medium, new RescueInMemory(), "first");
    await medium.takeOut();
    await rm(join(medium.directory, "file"));
    await medium.putIn();
    await file.write("second", 0);
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "gone" });
    await expect(file.write("more", 0)).rejects.toMatchObject({ code: "ESTALE" });
    await medium.takeOut();
    await staysGone(medium, file);
  });
});

describe("a file that is renamed while it is looked for after a return", () => {
  /** Looks at names wait before they are done, renames when they are done already. */
  class SlowNames {
    readonly lookups = new Gate();
    readonly renames = new Gate();

    readonly wrap = (store: Store): Store => {
      const lookup: Store["lookup"] = async (...given) => {
        await this.lookups.pass();
        return await store.lookup(...given);
      };
      const renameThere: Store["rename"] = async (...given) => {
        await store.rename(...given);
        await this.renames.pass();
      };
      return withMembers(store, { lookup, rename: renameThere });
    };
  }

  it("[S1.10] is found under its new name, and so is what is below it", async () => {
    const names = new SlowNames();
    const medium = await RealMedium.make(names.wrap);
    const { store } = medium;
    const { node: root } = await store.root(call);
    const { node: directory } = await store.makeDirectory(root, "directory", 0o755, call);
    const { node: below } = await store.createFile(directory, "below", 0o644, call);
    const { node } = await store.createFile(root, "file", 0o644, call);
    await medium.takeOut();
    await medium.putIn();
    names.lookups.close();
    const looks = [store.getAttributes(node, call), store.getAttributes(below, call)];
    await until("both are looked for", () => names.lookups.waiting === 2);
    await store.rename(root, "file", root, "moved", "replace", call);
    await store.rename(root, "directory", root, "elsewhere", "replace", call);
    names.lookups.open();
    expect((await Promise.all(looks)).map(({ linkCount }) => linkCount)).toEqual([1, 1]);
  });

  it.each(["file", "directory"])(
    "[S1.10] is found also where it is answered before the rename of the %s is",
    async (moved) => {
      const names = new SlowNames();
      const medium = await RealMedium.make(names.wrap);
      const { store } = medium;
      const { node: root } = await store.root(call);
      const { node: directory } = await store.makeDirectory(root, "directory", 0o755, call);
      const { node } = await store.createFile(directory, "file", 0o644, call);
      await medium.takeOut();
      await medium.putIn();
      names.renames.close();
      const parent = moved === "file" ? directory : root;
      const renaming = store.rename(parent, moved, root, "moved", "replace", call);
      await until("the rename is done", () => names.renames.waiting === 1);
      const looking = store.getAttributes(node, call);
      await settle();
      names.renames.open();
      await renaming;
      expect((await looking).linkCount).toBe(1);
    },
  );
});
