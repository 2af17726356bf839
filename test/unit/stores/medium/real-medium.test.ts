/** A medium with real files that goes and comes while programs use them: a directory that is renamed out of the drive and back. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { type FileHandle, openVolume, type Volume } from "../../../../src/files/index.ts";
import { type Store, superuser } from "../../../../src/port/index.ts";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { directoryDrive, type MediumStore, markMedium, mediumStore } from "../../../../src/stores/medium/index.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

class RealMedium {
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

async function volumeOn({ store, clock }: RealMedium): Promise<Volume> {
  const refusalActions = { media: "salvage" } as const;
  const rescue = new RescueInMemory();
  const volume = await openVolume(store, { clock, rescue, refusalActions, credential: superuser, pageSize: 4096 });
  onTestFinished(() => volume.close().catch(() => undefined));
  return volume;
}

/** A store that has nothing to say of a file without a name, as NFS. */
function forgetful(store: Store): Store {
  const getAttributes: Store["getAttributes"] = async (node, call) => {
    const attributes = await store.getAttributes(node, call);
    if (attributes.linkCount === 0) throw new Failure("ESTALE", { syscall: "stat" });
    return attributes;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "getAttributes") return getAttributes;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function staysGone({ clock }: RealMedium, file: FileHandle): Promise<void> {
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
      const volume = await volumeOn(medium);
      const file = await volume.open("/file", "w+");
      await file.writeFile("first");
      await file.sync();
      await rm(join(medium.directory, "file"));
      await file.write("second", 0);
      await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "gone" });
      await medium.takeOut();
      await staysGone(medium, file);
    },
  );

  it("[S1.10] [S0.14] [G25] takes no more bytes for being looked at while the medium is out again", async () => {
    const medium = await RealMedium.make();
    const volume = await volumeOn(medium);
    const file = await volume.open("/file", "w+");
    await file.writeFile("first");
    await file.sync();
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
