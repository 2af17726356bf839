/** What becomes of bytes that were written on a version that another client has replaced meanwhile [S5.4]. */
import { describe, expect, it } from "vitest";
import type { VolumeOptions, WritebackFailed } from "../../../src/files/index.ts";
import { conflictName } from "../../../src/files/refusals/conflict-copy.ts";
import { type Store, superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";
import { hookedStore } from "../../kit/hooked-store.ts";
import {
  alice,
  bob,
  contentAt,
  type MemoryVolume,
  type MemoryVolumeOptions,
  memoryVolume,
  nodeAt,
  rewriteAt,
} from "../../kit/memory-volume.ts";
import { RescueInMemory } from "../../kit/rescue-in-memory.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

/** A conflict in a volume that the options tell of. */
async function conflict(
  options: VolumeOptions,
  base = "the old plan",
  more: Pick<MemoryVolumeOptions, "store" | "wrap"> = {},
) {
  const rescue = new RescueInMemory();
  const store = { reportsChanges: false, ...more.store };
  const place = await memoryVolume({ ...more, store, volume: { rescue, ...options } });
  return { ...(await conflictOn(place, base)), rescue };
}

/** Alice's file, with bytes of hers unsent, and another client's version at the store. */
async function conflictOn<Place extends MemoryVolume>(place: Place, base: string) {
  const told: WritebackFailed[] = [];
  place.volume.events.on("writebackFailed", (event) => told.push(event));
  await place.volume.promisesFor(alice).mkdir("/docs", 0o755);
  await place.volume.promisesFor(alice).writeFile("/docs/plan.txt", base, { mode: 0o640 });
  const file = await place.volume.open("/docs/plan.txt", "r+", { credential: alice });
  await file.write("MY", 4);
  await rewriteAt(place.other, "/docs/plan.txt", "their new plan");
  return { ...place, told, file };
}

const today = new Date().toISOString().slice(0, 10);
const copyPath = `/docs/plan (conflict ${today} uid 1000).txt`;

describe("a conflict", () => {
  it("[S5.4] [G18] kept both: the writer's version is a copy beside the file, in the writer's name; the file is theirs", async () => {
    const { volume, other, file, told, rescue } = await conflict({ conflict: "keepBoth", entryTimeoutMs: 3_600_000 });
    expect(await volume.promises.readdir("/docs")).toEqual(["plan.txt"]);
    await expect(volume.promises.stat(copyPath)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", outcome: "copied", rescueId: copyPath });
    expect(told).toMatchObject([
      { refusalClass: "conflict", outcome: "copied", rescueId: copyPath, copyIsMixed: false },
    ]);
    expect(rescue.entries).toEqual([]);
    expect(await contentAt(other, "/docs/plan.txt")).toBe("their new plan");
    expect(await contentAt(other, copyPath)).toBe("the MYd plan");
    expect(await volume.promises.readFile("/docs/plan.txt", "utf8")).toBe("their new plan");
    expect((await volume.promises.readdir("/docs")).sort()).toEqual([copyPath.slice(6), "plan.txt"]);
    const copy = await volume.promises.stat(copyPath);
    expect([copy.uid, copy.gid, copy.mode & 0o777]).toEqual([alice.uid, alice.gid, 0o640]);
    await file.close();
    await volume.close();
  });

  it("[S5.4] kept both: one copy has all that its writer wrote, zeros between, and nothing of others", async () => {
    const { volume, other, file, told } = await conflict({ conflict: "keepBoth" });
    await file.write("END", 9000);
    await file.write("far", 5000);
    const bobs = await openAsBob({ volume, other });
    // It has to wait until alice's bytes of that page have gone, and these alone.
    await bobs.write("bob", 0);
    expect(told).toMatchObject([{ credential: alice, rescueId: copyPath }]);
    const zeros = (count: number): string => "\0".repeat(count);
    expect(await contentAt(other, copyPath)).toBe(`the MYd plan${zeros(4988)}far${zeros(3997)}END`);
    expect(told[0]?.copyIsMixed).toBe(false);
    for (const open of [bobs, file]) await expect(open.close()).rejects.toMatchObject({ outcome: "copied" });
    await volume.close();
  });

  it("[S5.4] [S5.6] kept both: what another user has unsent in the file is not in the copy", async () => {
    const at = await conflict({ conflict: "keepBoth" }, "-".repeat(6000));
    const bobs = await openAsBob(at);
    await bobs.write("bob", 5000);
    await at.file.sync().catch(() => undefined);
    expect(at.told.map(({ credential, copyIsMixed }) => [credential.uid, copyIsMixed])).toEqual([
      [alice.uid, true],
      [bob.uid, false],
    ]);
    expect(await contentAt(at.other, copyPath)).toBe("theiMYnew plan");
    await bobs.close().catch(() => undefined);
    await at.file.close();
    await at.volume.close();
  });

  async function openAsBob({ volume, other }: Pick<MemoryVolume, "volume" | "other">) {
    await other.setAttributes(await nodeAt(other, "/docs/plan.txt"), { mode: 0o666 }, callAs(superuser));
    return volume.open("/docs/plan.txt", "r+", { credential: bob });
  }

  it("[S5.4] kept both, and the old version leaves the cache in the middle: nothing of it is in the copy", async () => {
    let whileCopying = async (): Promise<void> => {};
    const wrap = (store: Store): Store =>
      hookedStore(store, {
        createFile: async (run) => {
          const made = await run();
          await whileCopying();
          return made;
        },
      });
    const options = { store: { writeBytesMax: 4096 }, wrap };
    const at = await conflict({ conflict: "keepBoth" }, "-".repeat(9000), options);
    // The second piece is no longer what it was; the first was copied by then.
    whileCopying = async () => {
      whileCopying = async () => {};
      await at.file.write("later", 5000);
    };
    await expect(at.file.sync()).rejects.toMatchObject({ outcome: "copied" });
    expect(at.told[0]).toMatchObject({ rescueId: copyPath, copyIsMixed: true });
    expect(await contentAt(at.other, copyPath)).toBe("theiMYnew plan");
    await expect(at.file.close()).rejects.toMatchObject({ outcome: "copied" });
    await at.volume.close();
  });

  /** A file that nobody has read here, with alice's "MY" unsent; then the other client's version. */
  async function unread(content = "the old plan") {
    const at = await conflict({ conflict: "keepBoth" });
    await expect(at.file.sync()).rejects.toMatchObject({ code: "ESTALE" });
    await rewriteAt(at.other, "/docs/plan.txt", content);
    await at.volume.promises.stat("/docs/plan.txt");
    await at.file.write("MY", 4);
    await rewriteAt(at.other, "/docs/plan.txt", "their new plan");
    return { ...at, secondCopy: `/docs/plan (conflict ${today} uid 1000 2).txt` };
  }

  it("[S5.4] kept both, and not all of the old version was cached: the copy is made of the new one, and says so", async () => {
    const { volume, other, file, told, secondCopy } = await unread();
    const copied = { outcome: "copied", message: expect.stringContaining("a copy of what the store has now") };
    await expect(file.sync()).rejects.toMatchObject(copied);
    expect(await contentAt(other, secondCopy)).toBe("theiMYnew plan");
    expect(told.map(({ copyIsMixed }) => copyIsMixed)).toEqual([false, true]);
    await file.close();
    await volume.close();
  });

  it("[S5.4] kept both, and what was read since is of the new version: it does not count as the old one", async () => {
    const { volume, other, file, told, secondCopy } = await unread("the old plan, and more");
    expect(await volume.promises.readFile("/docs/plan.txt", "utf8")).toContain("MY");
    await expect(file.sync()).rejects.toMatchObject({ outcome: "copied" });
    expect(await contentAt(other, secondCopy)).toBe("theiMYnew plan");
    expect(told.map(({ copyIsMixed }) => copyIsMixed)).toEqual([false, true]);
    await file.close();
    await volume.close();
  });

  it("[S5.2] [S5.4] kept both, and the writer may not read the file: the bytes go to rescue", async () => {
    const { volume, other, file, rescue } = await conflict({ conflict: "keepBoth" });
    await other.setAttributes(await nodeAt(other, "/docs/plan.txt"), { mode: 0o200 }, callAs(superuser));
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", outcome: "excised", rescueId: "entry 1" });
    expect(rescue.entries).toHaveLength(1);
    expect(await volume.promises.readdir("/docs")).toEqual(["plan.txt"]);
    await file.close();
    await volume.close();
  });

  it("[S5.4] of the same user on the same day makes another copy", async () => {
    const { volume, other, file } = await conflict({ conflict: "keepBoth" });
    await file.sync().catch(() => undefined);
    await file.write("MINE", 0);
    await rewriteAt(other, "/docs/plan.txt", "newer still");
    await expect(file.close()).rejects.toMatchObject({ code: "ESTALE" });
    const second = `/docs/plan (conflict ${today} uid 1000 2).txt`;
    expect(await contentAt(other, second)).toBe("MINEr still");
    await volume.close();
  });

  it("[S5.2] [S5.4] whose copy may not be made goes to rescue", async () => {
    const { volume, other, file, rescue } = await conflict({ conflict: "keepBoth" });
    await other.setAttributes(await nodeAt(other, "/docs"), { mode: 0o555 }, callAs(superuser));
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", outcome: "excised", rescueId: "entry 1" });
    expect(rescue.entries[0]?.bytes.map((bytes) => Buffer.from(bytes).toString())).toEqual(["MY"]);
    expect(await volume.promises.readdir("/docs")).toEqual(["plan.txt"]);
    await file.close();
    await volume.close();
  });

  it("[S5.4] [S5.6] kept both, and the store is late with the copy: it is not given memory that others' bytes come to lie in", async () => {
    const clock = new VirtualClock();
    const rescue = new RescueInMemory();
    const place = await gatedVolume({
      store: { reportsChanges: false },
      volume: { rescue, conflict: "keepBoth", clock, storeTimeoutMs: 10_000 },
    });
    const { gates } = place;
    const at = await conflictOn(place, "the old plan");
    // Not all of the old version is cached, so the copy is made of the new one and the refused bytes.
    await at.file.invalidate();
    await at.file.stat();
    await at.file.write("MY", 4);
    await rewriteAt(at.other, "/docs/plan.txt", "another plan");
    const before = gates.of("write").length;
    gates.close("write");
    const syncing = expect(at.file.sync()).rejects.toMatchObject({ outcome: "excised" });
    (await gates.arrived("write", before + 1)).pass();
    (await gates.arrived("write", before + 2)).pass();
    const late = await gates.arrived("write", before + 3);
    expect(Buffer.concat(late.frames).toString()).toBe("MY");
    await clock.advance(10_000);
    await syncing;
    gates.open("write");
    await at.volume.promises.writeFile("/theirs", new Uint8Array(256 * 4096).fill(0x78));
    expect(Buffer.concat(late.frames).toString()).toBe("MY");
    await at.file.close();
    await at.volume.close();
  });

  it("[S5.4] refused, as it is unless told otherwise: the bytes go to rescue with both versions", async () => {
    const { volume, other, file, rescue } = await conflict({});
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "conflict", rescueId: "entry 1" });
    const refused = rescue.entries[0]?.refused;
    expect(refused?.foundVersion).toBeDefined();
    expect(refused?.foundVersion).not.toBe(refused?.baseVersion);
    expect(await volume.promises.readFile("/docs/plan.txt", "utf8")).toBe("their new plan");
    expect(await contentAt(other, "/docs/plan.txt")).toBe("their new plan");
    await file.close();
    await volume.close();
  });

  it("[S5.4] overwritten, where that was asked for: the bytes go over theirs, and nobody hears of anything", async () => {
    const { volume, other, file, told, rescue } = await conflict({ conflict: "overwrite" });
    await file.close();
    expect(await contentAt(other, "/docs/plan.txt")).toBe("theiMYnew plan");
    expect([told, rescue.entries]).toEqual([[], []]);
    await volume.close();
  });
});

it("the name of a copy keeps the extension, and fits the store", () => {
  const day = { credential: alice, refusedAtNs: 1_795_264_496_123_456_789n };
  expect(conflictName("a.tar.gz", day, 1, 255)).toBe("a.tar (conflict 2026-11-21 uid 1000).gz");
  expect(conflictName(".profile", day, 1, 255)).toBe(".profile (conflict 2026-11-21 uid 1000)");
  expect(conflictName("notes", day, 12, 255)).toBe("notes (conflict 2026-11-21 uid 1000 12)");
  for (const name of ["x".repeat(255), `${"é".repeat(125)}.txt`, `n.${"e".repeat(250)}`]) {
    const made = conflictName(name, day, 3, 255);
    expect(Buffer.byteLength(made)).toBeLessThanOrEqual(255);
    expect(made).toContain("(conflict 2026-11-21 uid 1000 3)");
  }
  for (const before of ["", "x", "xx", "xxx"]) {
    const made = conflictName(before + "\u{1F600}".repeat(62), day, 1, 255);
    expect(made, "no character is cut in two").not.toMatch(/\p{Surrogate}/u);
  }
});
