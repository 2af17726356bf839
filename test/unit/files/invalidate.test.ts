/** A program that wants the store's bytes again: what is cached of its file goes, for other handles and copies too. */
import { describe, expect, it } from "vitest";
import { superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { alice, bob, contentAt, memoryVolume, nodeAt } from "../../kit/memory-volume.ts";

const hour = { attributeTimeoutMs: 3_600_000, entryTimeoutMs: 3_600_000 };

describe("FileHandle.invalidate", () => {
  it("[S4.10] sends what is unsent, forgets the rest, has copies dropped, and shows what others did meanwhile", async () => {
    await using world = await memoryVolume({ volume: hour, store: { reportsChanges: false } });
    const file = await world.volume.open("/file", "w+", { mode: 0o666, credential: alice });
    await file.write("written");
    const reader = await world.volume.open("/file", "r", { credential: alice });
    const seen = async (): Promise<string> => {
      const target = new Uint8Array(100);
      const { bytesRead } = await reader.read(target, 0, 100, 0);
      return new TextDecoder().decode(target.subarray(0, bytesRead));
    };
    const dropped: unknown[] = [];
    world.volume.events.on("invalidate", (change) => dropped.push(change));
    expect(await file.invalidate()).toEqual({ pagesLeft: 0 });
    expect(await contentAt(world.other, "/file")).toBe("written");
    expect(await seen()).toBe("written");
    expect(dropped).toContainEqual(expect.objectContaining({ what: "content", start: 0, end: undefined }));
    await world.other.write(
      await nodeAt(world.other, "/file"),
      0,
      [Buffer.from("changed!")],
      undefined,
      callAs(superuser),
    );
    expect(await seen()).toBe("written");
    await file.invalidate();
    expect(await seen()).toBe("changed!");
    await reader.close();
    await file.close();
  });

  it("[S4.10] drops the handle's own unsent bytes when told to, and no other user's", async () => {
    await using world = await memoryVolume({ volume: { ...hour, pageSize: 4096 } });
    const file = await world.volume.open("/file", "w+", { mode: 0o666, credential: alice });
    await file.write("stored".padEnd(8192));
    await file.sync();
    await world.volume.promises.chmod("/file", 0o666);
    const other = await world.volume.open("/file", "r+", { credential: bob });
    await file.write("mistake", 0);
    await other.write("bob's", 4096);
    expect(await file.invalidate({ unsent: "discard" })).toEqual({ pagesLeft: 0 });
    const expected = `${"stored".padEnd(4096)}${"bob's".padEnd(4096)}`;
    expect(await world.volume.promises.readFile("/file", "utf8")).toBe(expected);
    expect(await contentAt(world.other, "/file")).toBe(expected);
    await other.close();
    await file.close();
  });

  it("takes a range, and refuses one that makes no sense, and to discard under a handle that may not write", async () => {
    await using world = await memoryVolume({ volume: { ...hour, pageSize: 4096 } });
    const file = await world.volume.open("/file", "w+");
    await file.write("x".repeat(8192));
    await file.invalidate({ position: 4096, length: 4096, unsent: "discard" });
    expect((await file.stat()).size).toBe(4096);
    await expect(file.invalidate({ position: -1 })).rejects.toMatchObject({ code: "EINVAL", syscall: "invalidate" });
    const odd = file.invalidate({ unsent: "drop" as "discard" });
    await expect(odd).rejects.toThrow(/"drop" is nothing to do with unsent bytes: give launder or discard/);
    await file.close();
    await expect(file.invalidate()).rejects.toMatchObject({ code: "EBADF" });
    const reader = await world.volume.open("/file", "r");
    expect(await reader.invalidate()).toEqual({ pagesLeft: 0 });
    await expect(reader.invalidate({ unsent: "discard" })).rejects.toMatchObject({ code: "EBADF", path: "/file" });
    await reader.close();
  });
});
