/** A medium that is taken out and put back, with another one in its drive meanwhile: through the store, and through a volume. */
import { describe, expect, it } from "vitest";
import { superuser } from "../../../../src/port/index.ts";
import { mediumStore } from "../../../../src/stores/medium/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { fileOnMedium, mediumInDrive, mediumWithFile, volumeOnMedium } from "../../../kit/medium-in-drive.ts";
import { alice, rewriteAt } from "../../../kit/memory-volume.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { TwoMedia } from "../../../kit/two-media.ts";
import { until } from "../../../kit/until.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const call = callAs(alice);
const never = (): Promise<never> => new Promise(() => undefined);
const writing = { read: true, write: true, execute: false };
const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

describe("a medium store", () => {
  it("[S1.10] says that the medium is out, at the first failure that this explains", async () => {
    const { media, store, root, node } = await mediumWithFile();
    media.inside = undefined;
    await expect(store.write(node, 0, [text("x")], undefined, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    expect(store.isIn).toBe(false);
    await expect(store.lookup(root, "file", call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
  });

  it("a failure that is the medium's own is told as it is", async () => {
    const { store } = await mediumInDrive();
    const { node: root } = await store.root(call);
    await expect(store.lookup(root, "nothing", call)).rejects.toMatchObject({ code: "ENOENT" });
    expect(store.isIn).toBe(true);
  });

  it("[S1.10] sees by itself that the medium went and came, and finds nodes and holds again", async () => {
    const { media, clock, store } = await mediumInDrive();
    const changes: string[] = [];
    store.onChange((change) => changes.push(change));
    const { node: root } = await store.root(call);
    const { node: directory } = await store.makeDirectory(root, "directory", 0o755, call);
    const { node } = await store.createFile(directory, "file", 0o644, call);
    await store.hold(node, writing, call);
    await store.rename(directory, "file", root, "moved", "replace", call);
    media.inside = undefined;
    await clock.advance(1_000);
    expect(changes).toEqual(["out"]);
    media.inside = "one";
    await clock.advance(1_000);
    expect(changes).toEqual(["out", "in"]);
    await store.write(node, 0, [text("gone")], undefined, call);
    // From now on the mode forbids it: only the hold, taken again, allows it.
    await store.setAttributes(node, { mode: 0o444 }, call);
    await store.write(node, 0, [text("back")], undefined, call);
    expect(await media.contentOf("one", "/moved")).toBe("back");
    await store.release(node, writing, call);
    await expect(store.write(node, 0, [text("more")], undefined, call)).rejects.toMatchObject({ code: "EACCES" });
  });

  it("[S1.10] gives back no right that the medium did not give again", async () => {
    const { media, clock, store, node } = await mediumWithFile();
    const reading = { read: true, write: false, execute: false };
    await store.hold(node, writing, call);
    await store.hold(node, reading, call);
    media.inside = undefined;
    await clock.advance(1_000);
    const elsewhere = memoryStore(media.servers.one);
    const there = await elsewhere.lookup((await elsewhere.root(call)).node, "file", call);
    await elsewhere.setAttributes(there.node, { mode: 0o444 }, call);
    media.inside = "one";
    await clock.advance(1_000);
    expect((await store.getAttributes(node, call)).mode).toBe(0o444);
    await store.release(node, writing, call);
    await store.release(node, reading, call);
  });

  it("[S1.10] notices that the medium was out and in again between two looks", async () => {
    const { media, store, node } = await mediumWithFile();
    const changes: string[] = [];
    store.onChange((change) => changes.push(change));
    media.insertion += 1;
    await expect(store.write(node, 0, [text("x")], undefined, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    expect(changes).toEqual(["out", "in"]);
    await store.write(node, 0, [text("again")], undefined, call);
    expect(await media.contentOf("one", "/file")).toBe("again");
  });

  it("[S1.10] after a failure, believes no look that began before it", async () => {
    const { media, store } = await mediumInDrive();
    const { node: root } = await store.root(call);
    const answers: ((found: { medium: string; insertion: string } | undefined) => void)[] = [];
    media.drive.identify = () => new Promise((resolve) => answers.push(resolve));
    const early = store.look();
    media.inside = undefined;
    const failing = store.lookup(root, "file", call);
    const failed = expect(failing).rejects.toMatchObject({ code: "ENOMEDIUM" });
    answers[0]?.({ medium: "one", insertion: "1" });
    await early;
    await until("it looks again", () => answers.length === 2);
    answers[1]?.(undefined);
    await failed;
  });

  it("is not held up by a medium that does not answer while it is put in", async () => {
    const { media, clock, store } = await mediumInDrive();
    media.inside = undefined;
    await clock.advance(1_000);
    media.inside = "one";
    const { open } = media.drive;
    media.drive.open = () =>
      new Proxy(open(), { get: (target, name) => (name === "root" ? never : Reflect.get(target, name)) });
    await clock.advance(1_000 + 5_000);
    expect(store.isIn).toBe(false);
    media.drive.open = open;
    await clock.advance(1_000);
    expect(store.isIn).toBe(true);
  });

  it("[S1.11] asks nothing of another medium in the same drive", async () => {
    const { media, clock, store, node } = await mediumWithFile();
    const other = memoryStore(media.servers.two);
    await other.createFile((await other.root(call)).node, "file", 0o644, call);
    await rewriteAt(other, "/file", "theirs");
    media.inside = "two";
    await clock.advance(1_000);
    await expect(store.write(node, 0, [text("ours")], undefined, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    await expect(store.read(node, 0, [new Uint8Array(6)], call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    expect(await media.contentOf("two", "/file")).toBe("theirs");
  });

  it("a drive that does not answer holds nothing, and looking ends with the store", async () => {
    const { media, clock, store } = await mediumInDrive();
    media.drive.identify = () => new Promise(() => undefined);
    await clock.advance(1_000 + 5_000);
    expect(store.isIn).toBe(false);
    const closing = store.close();
    await clock.advance(5_000);
    await closing;
    expect(clock.timerCount).toBe(0);
  });

  it("needs a medium to begin with", async () => {
    const media = new TwoMedia();
    media.inside = undefined;
    await expect(mediumStore(media.drive, { clock: new VirtualClock() })).rejects.toMatchObject({ code: "ENOMEDIUM" });
  });
});

describe("what a medium has taken when it is pulled out", () => {
  it("[S1.10] [S5.1] [G30] is durable, content before it was answered and the rest a second later", async () => {
    const { media, clock, store, root, node } = await mediumWithFile();
    await clock.advance(1_000);
    await store.write(node, 0, [text("taken away")], undefined, call);
    await store.punchHole(node, 0, 4, call);
    await store.allocate(node, 10, 2, false, call);
    await store.setAttributes(node, { size: 11 }, call);
    media.pull();
    media.inside = "one";
    expect(await media.contentOf("one", "/file")).toBe("\0\0\0\0n away\0");
    await expect(store.look()).resolves.toBe(undefined);
    await store.commit(node, call);
    await store.commit(root, call);
  });

  it("[G12] what is durable is so although it is out, and nothing else is", async () => {
    const { media, clock, store, root, node } = await mediumWithFile();
    const { node: late } = await store.createFile(root, "late", 0o644, call);
    await clock.advance(1_000);
    await store.write(node, 0, [text("bytes")], undefined, call);
    await store.setAttributes(late, { mode: 0o600 }, call);
    media.pull();
    await store.look();
    await store.commit(node, call);
    await expect(store.commit(late, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    media.inside = "one";
    await store.look();
    await expect(store.commit(late, call)).rejects.toMatchObject({ code: "EIO" });
    await store.commit(late, call);
    await store.commit(node, call);
  });

  it("without durable writes what was lost is told by the next commit, once", async () => {
    const { media, clock, store, node } = await mediumWithFile({ durableWrites: false });
    await store.write(node, 0, [text("old")], undefined, call);
    await clock.advance(1_000);
    await store.write(node, 0, [text("new")], undefined, call);
    media.pull();
    await store.look();
    media.inside = "one";
    await store.look();
    expect(await media.contentOf("one", "/file")).toBe("old");
    await expect(store.commit(node, call)).rejects.toMatchObject({ code: "EIO" });
    await store.commit(node, call);
  });

  it("a write whose bytes could not be made durable was not taken", async () => {
    const { media, store, node } = await mediumWithFile();
    media.isPulledInCommit = true;
    await expect(store.write(node, 0, [text("x")], undefined, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    expect(await media.contentOf("one", "/file")).toBe("");
  });

  it("[S1.10] [G18] bytes that came to it although that failed are no change of others", async () => {
    const { media, store, node, attributes } = await mediumWithFile();
    const { version } = attributes;
    media.commitFailure = "EIO";
    await expect(store.write(node, 0, [text("aa")], version, call)).rejects.toMatchObject({ code: "EIO" });
    media.commitFailure = undefined;
    const { attributes: after } = await store.write(node, 2, [text("bb")], version, call);
    expect(await media.contentOf("one", "/file")).toBe("aabb");
    // Once it was told where the file stands, an earlier version is a stranger's.
    await expect(store.write(node, 0, [text("x")], version, call)).rejects.toMatchObject({ code: "ESTALE" });

    media.commitFailure = "EIO";
    const lost = store.write(node, 4, [text("cc")], after.version, call);
    await expect(lost).rejects.toMatchObject({ code: "EIO" });
    media.commitFailure = undefined;
    media.pull();
    await store.look();
    media.inside = "one";
    await store.look();
    await store.write(node, 4, [text("dd")], (await store.getAttributes(node, call)).version, call);
    expect(await media.contentOf("one", "/file")).toBe("aabbdd");
  });

  it("a held file's attributes are told while it is out, and nobody else's", async () => {
    const { media, store, root, node } = await mediumWithFile();
    const { node: idle } = await store.createFile(root, "idle", 0o644, call);
    await store.hold(node, writing, call);
    const { attributes } = await store.write(node, 0, [text("bytes")], undefined, call);
    media.pull();
    expect(await store.getAttributes(node, call)).toEqual(attributes);
    await expect(store.getAttributes(idle, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
    await store.release(node, writing, call);
    await expect(store.getAttributes(node, call)).rejects.toMatchObject({ code: "ENOMEDIUM" });
  });
});

describe("a volume on a medium that is taken out", () => {
  it("[S1.10] [S5.1] parks what it has, says so, and writes again when the medium is back", async () => {
    const medium = await mediumInDrive();
    const { media, clock } = medium;
    const rescue = new RescueInMemory();
    const { file } = await fileOnMedium(medium, rescue, "first");
    await file.write("second", 0);
    media.inside = "two";
    await expect(file.sync()).rejects.toMatchObject({ code: "ENOMEDIUM", refusalClass: "media", outcome: "salvaged" });
    expect(rescue.entries.map(({ bytes }) => new TextDecoder().decode(bytes[0]))).toEqual(["second"]);
    media.inside = "one";
    await clock.advance(2_000);
    await file.write("third!", 0);
    await file.sync();
    expect(await media.contentOf("one", "/file")).toBe("third!");
    expect(
      await memoryStore(media.servers.two).list((await memoryStore(media.servers.two).root(call)).node, call),
    ).toEqual([]);
    await file.close();
  });

  it("[S1.10] programs go on writing to what they have open, long after it was taken out, and hear where it went", async () => {
    const medium = await mediumInDrive();
    const { media, clock } = medium;
    const rescue = new RescueInMemory();
    const { volume, file } = await fileOnMedium(medium, rescue, "first bytes");
    media.pull();
    for (const bytes of ["second", "third!"]) {
      await clock.advance(10_000);
      await file.write(bytes, 0);
      expect((await file.stat()).size).toBe(11);
      expect((await file.read(new Uint8Array(6), 0, 6, 0)).buffer).toEqual(text(bytes));
      await expect(file.sync()).rejects.toMatchObject({
        code: "ENOMEDIUM",
        refusalClass: "media",
        outcome: "salvaged",
      });
    }
    expect(rescue.entries.map(({ bytes }) => new TextDecoder().decode(bytes[0]))).toEqual(["second", "third!"]);
    await expect(volume.open("/other", "w")).rejects.toMatchObject({ code: "ENOMEDIUM" });
    await file.close();
  });

  it("[S1.10] [S0.14] [G25] a file that others removed meanwhile is gone for whoever has it open, and its bytes are kept", async () => {
    const medium = await mediumInDrive();
    const { media, store } = medium;
    const rescue = new RescueInMemory();
    const { volume, file } = await fileOnMedium(medium, rescue, "first");
    media.pull();
    await store.look();
    await file.write("second", 0);
    const other = memoryStore(media.servers.one);
    await other.remove((await other.root(call)).node, "file", callAs(superuser));
    media.inside = "one";
    await store.look();
    await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "gone", outcome: "excised" });
    expect(rescue.entries.map(({ bytes }) => new TextDecoder().decode(bytes[0]))).toEqual(["second"]);
    await expect(file.stat()).rejects.toMatchObject({ code: "ESTALE" });
    await expect(volume.open("/file", "r")).rejects.toMatchObject({ code: "ENOENT" });
    await file.close().catch(() => undefined);
  });

  it("[S1.10] [G25] a file that lost one of its names here is found by the other, and gets what was not sent", async () => {
    const medium = await mediumInDrive();
    const { media, clock, store } = medium;
    const volume = await volumeOnMedium(medium, new RescueInMemory());
    const file = await volume.open("/one", "w+");
    await file.writeFile("first");
    await file.sync();
    const asOwner = callAs(superuser);
    await volume.link(await volume.lookup(volume.root, "one", asOwner), volume.root, "two", asOwner);
    await volume.unlink(volume.root, "one", asOwner);
    // Names are durable a second later.
    await clock.advance(2_000);
    media.pull();
    await store.look();
    await file.write("second", 0);
    media.inside = "one";
    await store.look();
    await file.sync();
    expect(await media.contentOf("one", "/two")).toBe("second");
    await file.close();
  });
});
