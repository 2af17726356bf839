/** What becomes of bytes that were written on a version that another client has replaced meanwhile [S5.4]. */
import { describe, expect, it } from "vitest";
import type { VolumeOptions, WritebackFailed } from "../../../src/files/index.ts";
import { conflictName } from "../../../src/files/refusals/conflict-copy.ts";
import { superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { alice, contentAt, memoryVolume, nodeAt, rewriteAt } from "../../kit/memory-volume.ts";
import { RescueInMemory } from "../../kit/rescue-in-memory.ts";

/** Alice's file, with bytes of hers unsent, and another client's version at the store. */
async function conflict(options: VolumeOptions) {
  const rescue = new RescueInMemory();
  const place = await memoryVolume({ store: { reportsChanges: false }, volume: { rescue, ...options } });
  const told: WritebackFailed[] = [];
  place.volume.events.on("writebackFailed", (event) => told.push(event));
  await place.volume.promisesFor(alice).mkdir("/docs", 0o755);
  await place.volume.promisesFor(alice).writeFile("/docs/plan.txt", "the old plan", { mode: 0o640 });
  const file = await place.volume.open("/docs/plan.txt", "r+", { credential: alice });
  await file.write("MY", 4);
  await rewriteAt(place.other, "/docs/plan.txt", "their new plan");
  return { ...place, rescue, told, file };
}

const today = new Date().toISOString().slice(0, 10);
const copyPath = `/docs/plan (conflict ${today} uid 1000).txt`;

describe("a conflict", () => {
  it("[S5.4] [G18] kept both: the bytes go to a copy beside the file, in the writer's name; the file is theirs", async () => {
    const { volume, other, file, told, rescue } = await conflict({ conflict: "keepBoth", entryTimeoutMs: 3_600_000 });
    expect(await volume.promises.readdir("/docs")).toEqual(["plan.txt"]);
    await expect(volume.promises.stat(copyPath)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", outcome: "copied", rescueId: copyPath });
    expect(told).toMatchObject([{ refusalClass: "conflict", outcome: "copied", rescueId: copyPath }]);
    expect(rescue.entries).toEqual([]);
    expect(await contentAt(other, "/docs/plan.txt")).toBe("their new plan");
    expect(await contentAt(other, copyPath)).toBe("theiMYnew plan");
    expect(await volume.promises.readFile("/docs/plan.txt", "utf8")).toBe("their new plan");
    expect((await volume.promises.readdir("/docs")).sort()).toEqual([copyPath.slice(6), "plan.txt"]);
    const copy = await volume.promises.stat(copyPath);
    expect([copy.uid, copy.gid, copy.mode & 0o777]).toEqual([alice.uid, alice.gid, 0o640]);
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
});
