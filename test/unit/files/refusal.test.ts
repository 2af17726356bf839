/** What a volume does and tells when its store says no: to handles, to listeners, to whoever keeps copies, at its end. */
import { describe, expect, it } from "vitest";
import { type ErrorCode, Failure } from "../../../src/base/index.ts";
import {
  FailedWriteback,
  type VolumeInvalidation,
  type VolumeOptions,
  type WritebackFailed,
} from "../../../src/files/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";
import { hookedStore } from "../../kit/hooked-store.ts";
import { alice, bob, contentAt, type MemoryVolume, memoryVolume } from "../../kit/memory-volume.ts";
import { RescueInMemory } from "../../kit/rescue-in-memory.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

/** What the store says besides the code of a refusal. */
const storesWords = "in the store's own words";

interface Scene extends MemoryVolume {
  readonly rescue: RescueInMemory;
  readonly told: WritebackFailed[];
  readonly dropped: VolumeInvalidation[];
  /** What every write is refused with, while it is set. */
  refusal: ErrorCode | undefined;
}

async function scene(options: VolumeOptions = {}): Promise<Scene> {
  const rescue = new RescueInMemory();
  const state: { refusal: ErrorCode | undefined } = { refusal: undefined };
  const wrap = (store: Store): Store =>
    hookedStore(store, {
      write: async (run) => {
        if (state.refusal !== undefined) throw new Failure(state.refusal, { syscall: "write", detail: storesWords });
        return await run();
      },
    });
  const place = await memoryVolume({ wrap, store: { reportsChanges: false }, volume: { rescue, ...options } });
  const told: WritebackFailed[] = [];
  const dropped: VolumeInvalidation[] = [];
  place.volume.events.on("writebackFailed", (event) => told.push(event));
  place.volume.events.on("invalidate", (event) => dropped.push(event));
  await place.volume.promisesFor(alice).writeFile("/file", "stored");
  dropped.length = 0;
  return Object.assign(state, { ...place, rescue, told, dropped });
}

function bytesOf({ rescue }: Scene): string[] {
  return rescue.entries.map(({ bytes }) => Buffer.concat(bytes).toString());
}

describe("a refused write", () => {
  it("[S5.1] [S5.3] [S5.8] is thrown with all that is known of it, and listed by the volume", async () => {
    const place = await scene();
    const { volume } = place;
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("REFUSED, and longer", 0);
    place.refusal = "EKEYEXPIRED";
    const thrown: unknown = await file.sync().catch((failure: unknown) => failure);
    expect(thrown).toBeInstanceOf(FailedWriteback);
    expect(thrown).toMatchObject({
      code: "EKEYEXPIRED",
      errno: -127,
      syscall: "fsync",
      path: "/file",
      ranges: [{ start: 0, end: 19 }],
      refusalClass: "permission",
      outcome: "excised",
      credentialId: alice.id,
      rescueId: "entry 1",
      message: expect.stringContaining("kept in rescue as entry 1"),
    });
    expect(volume.refusals()).toEqual(place.told);
    expect(place.told).toMatchObject([
      {
        path: "/file",
        ranges: [{ start: 0, end: 19 }],
        credential: alice,
        failure: { code: "EKEYEXPIRED" },
        refusalClass: "permission",
        outcome: "excised",
        rescueId: "entry 1",
        sizeBefore: 19,
        sizeAfter: 6,
      },
    ]);
    expect(bytesOf(place)).toEqual(["REFUSED, and longer"]);
    expect(await volume.promises.readFile("/file", "utf8")).toBe("stored");
    await file.sync();
    await file.close();
    await volume.close();
  });

  it("[S5.8] [G9] is thrown by close and dispose alike, once", async () => {
    const place = await scene();
    for (const end of ["close", "dispose"] as const) {
      place.refusal = undefined;
      const file = await place.volume.open("/file", "r+", { credential: alice });
      await file.write(end);
      place.refusal = "EACCES";
      const ending = end === "close" ? file.close() : file[Symbol.asyncDispose]();
      await expect(ending).rejects.toMatchObject({ code: "EACCES", syscall: "close", ranges: [{ start: 0 }] });
    }
    expect(bytesOf(place)).toEqual(["close", "dispose"]);
    await place.volume.close();
  });

  it("[S0.8] [S5.5] ends the credential's grant, lets attributes expire, and has copies of the range dropped", async () => {
    const place = await scene({ attributeTimeoutMs: 3_600_000 });
    const { volume } = place;
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("xx", 2);
    expect(volume.tryGetAttributes(node, alice)).toBeDefined();
    await volume.getAttributes(node, callAs(bob));
    place.refusal = "EACCES";
    await expect(file.sync()).rejects.toMatchObject({ code: "EACCES" });
    expect(place.dropped).toMatchObject([{ what: "content", start: 2, end: 4 }]);
    for (const credential of [alice, bob]) expect(volume.tryGetAttributes(node, credential)).toBeUndefined();
    expect(file.tryRead(0, new Uint8Array(6))).toBe(-1);
    await volume.getAttributes(node, callAs(bob));
    expect([alice, bob].map((credential) => volume.tryGetAttributes(node, credential) !== undefined)).toEqual([
      false,
      true,
    ]);
    await file.write("longer than it was", 0);
    await expect(file.sync()).rejects.toMatchObject({ code: "EACCES" });
    expect(place.dropped.at(-1)).toMatchObject({ what: "content", start: 0, end: undefined });
    await file.close();
    await volume.close();
  });

  it("[S0.16] may have been read by whoever remembers the file, as the kernel does", async () => {
    const place = await scene();
    const node = place.volume.remember(await place.volume.lookup(place.volume.root, "file", callAs(alice)));
    const file = await place.volume.open("/file", "r+", { credential: alice });
    place.refusal = "EACCES";
    await file.write("unseen");
    await file.sync().catch(() => undefined);
    place.volume.forget(node, 1);
    await file.write("unseen");
    await file.sync().catch(() => undefined);
    expect(place.told.map(({ mayHaveBeenRead }) => mayHaveBeenRead)).toEqual([true, false]);
    await file.close();
    await place.volume.close();
  });

  it("[S5.2] is listed as in memory only while rescue fails, then as kept, with an event", async () => {
    const place = await scene();
    const rescued: WritebackFailed[] = [];
    place.volume.events.on("rescued", (event) => rescued.push(event));
    const file = await place.volume.open("/file", "r+", { credential: alice });
    await file.write("last copy");
    place.refusal = "EROFS";
    place.rescue.failure = new Failure("ENOSPC", { syscall: "rescue keep" });
    await expect(file.sync()).rejects.toMatchObject({ code: "EROFS", outcome: "unrescued", rescueId: undefined });
    expect(place.volume.refusals()).toMatchObject([{ outcome: "unrescued", rescueFailure: { code: "ENOSPC" } }]);
    expect(place.volume.snapshot().dirtyFiles).toEqual([{ path: "/file", dirtyBytes: 0, unrescuedBytes: 9 }]);
    place.rescue.failure = undefined;
    await place.volume.sync();
    expect(rescued).toMatchObject([{ outcome: "excised", rescueId: "entry 1" }]);
    expect(place.volume.refusals()).toEqual(rescued);
    expect(place.volume.snapshot()).toMatchObject({ dirtyFiles: [], refusalCount: 1 });
    await file.close();
    await place.volume.close();
  });

  it("keeps the newest 1,024 in the list, and counts all", async () => {
    const place = await scene();
    place.refusal = "EACCES";
    const file = await place.volume.open("/file", "r+", { credential: alice });
    for (let count = 0; count < 1030; count++) {
      await file.write(String(count), 0);
      await file.sync().catch(() => undefined);
    }
    const listed = place.volume.refusals();
    expect([listed.length, listed[0]?.rescueId, listed.at(-1)?.rescueId]).toEqual([1024, "entry 7", "entry 1030"]);
    expect(place.volume.snapshot().refusalCount).toBe(1030);
    await file.close();
    await place.volume.close();
  });
});

describe("sync and close of a volume", () => {
  it("[S5.11] close waits for a rescue that is late for its own deadline", async () => {
    const clock = new VirtualClock();
    const place = await scene({ clock, rescueDeadlineMs: 1_000 });
    clock.after(5_500, place.rescue.holdUp());
    const file = await place.volume.open("/file", "r+", { credential: alice });
    await file.write("last copy");
    place.refusal = "EROFS";
    await expect(clock.during(file.close())).rejects.toMatchObject({ code: "EROFS", outcome: "unrescued" });
    await clock.during(place.volume.close());
    expect(bytesOf(place)).toEqual(["last copy"]);
  });

  it("[S5.8] [S5.11] throw what was refused and nobody heard, with where it is, naming all files", async () => {
    const place = await scene();
    const files = await Promise.all(["/a", "/b"].map((path) => place.volume.open(path, "w", { credential: alice })));
    for (const file of files) await file.write("x");
    place.refusal = "EIO";
    await expect(place.volume.sync()).rejects.toMatchObject({
      code: "EIO",
      syscall: "sync",
      path: "/a",
      refusalClass: "media",
      rescueId: "entry 1",
      message: expect.stringMatching(/kept in rescue as entry 1; not delivered: \/a, \/b/),
    });
    await place.volume.sync();
    await place.volume.close();
  });

  it("[S5.2] [S5.11] [G2] close rescues what a store without room does not take, and throws", async () => {
    const place = await scene();
    const file = await place.volume.open("/file", "r+", { credential: alice });
    await file.write("kept dirty");
    place.refusal = "ENOSPC";
    await expect(file.sync()).rejects.toMatchObject({ code: "ENOSPC", outcome: "keptDirty" });
    expect(place.rescue.entries).toEqual([]);
    await expect(place.volume.close()).rejects.toMatchObject({
      code: "ENOSPC",
      syscall: "close",
      outcome: "excised",
      rescueId: "entry 1",
      message: expect.stringContaining("not delivered: /file"),
    });
    expect(bytesOf(place)).toEqual(["kept dirty"]);
    expect(place.rescue.entries[0]?.refused).toMatchObject({ credential: alice, refusalClass: "space" });
    expect(place.rescue.entries[0]?.refused.foundVersion).toBeDefined();
    const why = {
      message: expect.stringMatching(`not delivered before the volume was closed: ENOSPC: .*${storesWords}`),
      cause: { code: "ENOSPC", detail: storesWords },
    };
    expect(place.rescue.entries[0]?.refused.failure).toMatchObject(why);
    expect(place.told.at(-1)?.failure).toMatchObject(why);
  });

  it("[S5.2] [S5.10] [S5.11] [G2] close rescues what a store that hangs was being sent and was not, soon after its deadline", async () => {
    const clock = new VirtualClock();
    const rescue = new RescueInMemory();
    const { volume, gates } = await gatedVolume({ clock, volume: { rescue, storeTimeoutMs: 3_600_000 } });
    const [one, other] = [await volume.open("/one", "w"), await volume.open("/other", "w")];
    await one.write("under way");
    gates.close("write");
    const syncing = one.sync().catch((failure: unknown) => failure);
    await gates.arrived("write", 1);
    await one.write("written meanwhile", 100);
    await other.write("not sent");
    const closed = expect(volume.close({ deadlineMs: 2_000 })).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: expect.stringMatching(/not delivered: \/one, \/other; kept in rescue: \/one, \/other/),
    });
    await clock.advance(2_000);
    await settle();
    await closed;
    await syncing;
    const kept = rescue.entries.flatMap(({ bytes }) => bytes.map((range) => Buffer.from(range).toString()));
    expect(kept.sort()).toEqual(["not sent", "under way", "written meanwhile"]);
    gates.open("write");
    await settle();
  });

  it("[S5.10] [S5.11] close ends although neither the store nor the rescue answers", async () => {
    const clock = new VirtualClock();
    const rescue = new RescueInMemory();
    const { volume, gates } = await gatedVolume({ clock, volume: { rescue } });
    const file = await volume.open("/stuck", "w");
    await file.write("words");
    gates.close("write");
    const letGo = rescue.holdUp();
    let isOver = false;
    const closed = volume.close({ deadlineMs: 2_000 }).catch((failure: unknown) => {
      isOver = true;
      return failure;
    });
    await clock.advance(2_000);
    await rescue.attempted(1);
    expect(isOver).toBe(false);
    await clock.advance(10_000);
    expect(await closed).toMatchObject({
      code: "ETIMEDOUT",
      message: expect.stringContaining("not delivered: /stuck"),
    });
    letGo();
    gates.open("write");
    await settle();
  });
});

it("a volume that is opened with choices that make no sense is refused with one line", async () => {
  const senseless = { refusalActions: { space: "explode" as "excise" } };
  await expect(memoryVolume({ volume: senseless })).rejects.toMatchObject({
    code: "EINVAL",
    message: expect.stringMatching(/"explode" is nothing to do about a refusal: give one of excise,/),
  });
});

it("[S5.1] what is refused is the store's bytes again, for every reader, and nothing else is lost", async () => {
  const place = await scene();
  const { volume, other } = place;
  const file = await volume.open("/file", "r+", { credential: alice });
  await file.write("AB", 0);
  place.refusal = "EACCES";
  await file.sync().catch(() => undefined);
  place.refusal = undefined;
  await file.write("yz", 4);
  await file.close();
  expect(await contentAt(other, "/file")).toBe("storyz");
  expect(await volume.promises.readFile("/file", "utf8")).toBe("storyz");
  expect(bytesOf(place)).toEqual(["AB"]);
  await volume.close();
});
