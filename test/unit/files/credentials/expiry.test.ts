/** Credentials that run out: renewed before and at their end, or refused where they are used (S5.7). */
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../../src/base/index.ts";
import { openFlags } from "../../../../src/files/index.ts";
import type { Credential } from "../../../../src/port/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { alice, bob, contentAt, memoryVolume, rewriteAt } from "../../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../../kit/virtual-clock.ts";
import { keyVolume, minute, noting } from "./key-volume.ts";

const bytes = new TextEncoder().encode("later");

describe("[S5.7] [G29] a credential that is renewed", () => {
  it("is renewed before its end, once, and what is sent goes under the new one", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, file, key } = place;
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 10 * minute));
    await clock.advance(5 * minute - 1);
    expect(hook.calls).toEqual([]);
    await clock.advance(1);
    expect(hook.calls).toMatchObject([{ credential: key, atMs: 5 * minute }]);
    // The first key has run out by now.
    await clock.advance(6 * minute);
    expect(hook.calls).toHaveLength(2);
    await file.write("later");
    await clock.during(file.sync());
    expect(await contentAt(place.other, "/file")).toBe("later");
    expect(place.failures).toEqual([]);
  });

  it("writes on, hot path and all, while it is renewed in time", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, volume, key } = place;
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 10 * minute));
    const node = await volume.lookup(volume.root, "file", callAs(key));
    const handle = await volume.openNode(node, openFlags.O_RDWR, callAs(key));
    for (let round = 0; round < 40; round++) {
      await clock.advance(minute);
      await volume.getAttributes(node, callAs(key));
      expect(handle.tryWrite(0, bytes)).toBe(5);
    }
    expect(hook.runningMax).toBe(1);
    expect(place.renewalFailures).toEqual([]);
    await clock.during(handle.release());
  });

  it("is asked for again at each stage, and at its end, when that fails", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys } = place;
    hook.script = ({ fail }) => fail(new Error("the door is shut"));
    await clock.advance(10 * minute - 1);
    expect(hook.calls.map(({ atMs }) => atMs)).toEqual([5 * minute, 9 * minute]);
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 10 * minute));
    await clock.advance(1);
    expect(hook.calls.map(({ atMs }) => atMs)).toEqual([5 * minute, 9 * minute, 10 * minute]);
    await place.file.write("later");
    await clock.during(place.file.sync());
  });

  it("is asked for by one call at a time, however many need it", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, volume, key } = place;
    await place.file.close();
    await clock.advance(11 * minute);
    const waiting = Promise.all([
      volume.promisesFor(key).stat("/file"),
      volume.promisesFor(key).readFile("/file", "utf8"),
      volume.promisesFor(key).writeFile("/other", "two"),
    ]);
    await settle();
    expect(hook.calls).toHaveLength(1);
    hook.calls[0]?.answer(keys.issue(key, 10 * minute));
    expect((await clock.during(waiting))[1]).toBe("first");
    expect(hook.calls).toHaveLength(1);
  });

  it("is believed when the store says that it has expired, whatever its own time", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, volume } = place;
    // A clock that goes wrong: the key says ten minutes, the server knows that it was one.
    const wrong = { ...keys.issue(place.key, minute), expiresAtMs: place.key.expiresAtMs + 60 * minute };
    await place.file.close();
    const file = await volume.open("/file", "r+", { credential: wrong });
    await clock.advance(2 * minute);
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 10 * minute));
    await file.write("later");
    await clock.during(file.sync());
    expect(hook.calls.length).toBeGreaterThan(0);
    expect(place.failures).toEqual([]);
    expect(await contentAt(place.other, "/file")).toBe("later");
  });

  it("is renewed before anything more is sent, though the store would not have minded", async () => {
    const clock = new VirtualClock();
    const notes: string[] = [];
    const until = ({ expiresAtMs }: Credential): string => `until ${expiresAtMs}`;
    const startMs = Number(clock.wallTimeNs() / 1_000_000n);
    const refreshCredential = async (old: Credential) => ({ ...old, expiresAtMs: startMs + 20 * minute });
    await using place = await memoryVolume({ clock, volume: { refreshCredential }, wrap: noting(notes, until) });
    const credential: Credential = { ...alice, expiresAtMs: startMs + 10 * minute };
    await place.volume.promisesFor(credential).writeFile("/file", "first");
    expect(new Set(notes.map((note) => note.split(" until ")[1]))).toEqual(
      new Set(["undefined", String(startMs + 10 * minute)]),
    );
    await clock.advance(10 * minute);
    notes.length = 0;
    await clock.during(place.volume.promisesFor(credential).writeFile("/file", "later"));
    expect(notes.filter((note) => !note.endsWith(` until ${startMs + 20 * minute}`))).toEqual([]);
    expect(notes.some((note) => note.startsWith("write "))).toBe(true);
  });

  it("reads at once where the store does, under the new one", async () => {
    await using place = await keyVolume({}, true, { readsAtOnce: true });
    const { clock, hook, keys, volume, key, other } = place;
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 10 * minute));
    await clock.advance(12 * minute);
    await rewriteAt(other, "/file", "again");
    await settle();
    const node = await volume.lookup(volume.root, "file", callAs(key));
    const handle = await volume.openNode(node, openFlags.O_RDONLY, callAs(key));
    const read = new Uint8Array(5);
    expect(handle.tryRead(0, read)).toBe(5);
    expect(new TextDecoder().decode(read)).toBe("again");
    await clock.during(handle.release());
  });

  it("is not renewed all the time when each new one lives shortly", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, volume, key } = place;
    hook.script = ({ credential, answer }) => answer(keys.issue(credential, 20_001));
    await place.file.close();
    await clock.advance(10 * minute);
    const node = await clock.during(volume.lookup(volume.root, "file", callAs(key)));
    const handle = await volume.openNode(node, openFlags.O_RDWR, callAs(key));
    const callCount = hook.calls.length;
    for (let second = 0; second < 100; second++) {
      await clock.advance(1_000);
      await volume.getAttributes(node, callAs(key));
      expect(handle.tryWrite(0, bytes)).toBe(5);
    }
    expect(hook.calls.length - callCount).toBe(9);
    await clock.during(handle.release());
  });

  it("may come with the next open", async () => {
    await using place = await keyVolume({}, false);
    const { clock, keys, volume, file, key } = place;
    await clock.advance(9.5 * minute);
    await expect(file.write("later")).rejects.toMatchObject({ code: "EKEYEXPIRED" });
    const second = await volume.open("/file", "r", { credential: keys.issue(key, 10 * minute) });
    await file.write("later");
    await clock.during(second.close());
  });
});

describe("[S5.7] [G29] a credential that cannot be renewed", () => {
  it.each([
    ["throws", "failed"],
    ["throws at once", "failed"],
    ["has none", "has no newer one"],
    ["never returns", "did not answer in 10000 ms"],
    ["answers with another's", "another id or user"],
    ["answers with one that is over", "answered with one that ended at"],
  ] as const)("when the hook %s: refuses write() near its end, not later, and says why", async (how, why) => {
    await using place = await keyVolume();
    const { clock, hook, keys, file, key } = place;
    hook.script = ({ answer, fail }) => {
      if (how === "throws") fail(new Error("the door is shut"));
      if (how === "throws at once") throw new Error("the door is shut");
      if (how === "has none") answer(undefined);
      if (how === "answers with another's") answer(keys.issue(bob, 60 * minute));
      if (how === "answers with one that is over") answer({ ...key, expiresAtMs: 1 });
    };
    await clock.advance(9 * minute - 1);
    expect(await file.write("early")).toMatchObject({ bytesWritten: 5 });
    await clock.advance(2);
    const refused = await clock.during(file.write("later").catch((thrown: Failure) => thrown));
    expect(refused).toMatchObject({ code: "EKEYEXPIRED", syscall: "write", path: "/file" });
    expect(String(refused)).toContain(why);
    expect(place.renewalFailures.length).toBeGreaterThan(0);
    expect(hook.runningMax).toBe(1);
    // What was answered before is at the store before the end, though nobody asked.
    expect(await contentAt(place.other, "/file")).toBe("early");
    expect(place.failures).toEqual([]);
  });

  it("refuses the synchronous write as well, and reads on", async () => {
    await using place = await keyVolume({}, false);
    const { clock, volume, key } = place;
    const node = await volume.lookup(volume.root, "file", callAs(key));
    const handle = await volume.openNode(node, openFlags.O_RDWR, callAs(key));
    await clock.advance(9 * minute - 1);
    await volume.getAttributes(node, callAs(key));
    expect(handle.tryWrite(0, bytes)).toBe(5);
    await clock.advance(1);
    await volume.getAttributes(node, callAs(key));
    expect(handle.tryWrite(0, bytes)).toBe(-1);
    const refused = await handle.writeAt(0, bytes).catch((thrown: Failure) => thrown);
    expect(String(refused)).toMatch(/ends at 2023-.*; nobody renews it/);
    expect(await volume.promisesFor(key).readFile("/file", "utf8")).toBe("later");
    await clock.during(handle.release());
  });

  it("[S0.7] [S5.1] has what was answered rescued when the store refuses it, and fsync says so", async () => {
    await using place = await keyVolume({ expiryMarginMs: 0, refreshLeadMs: 0 });
    const { clock, hook, file, rescue } = place;
    hook.script = ({ fail }) => fail(new Error("the door is shut"));
    await clock.advance(10 * minute - 1);
    await file.write("later");
    await clock.advance(1);
    const refused = await clock.during(file.sync().catch((thrown: Failure) => thrown));
    expect(refused).toMatchObject({ code: "EKEYEXPIRED", refusalClass: "permission", outcome: "excised" });
    expect(rescue.entries.map(({ bytes }) => Buffer.concat(bytes).toString())).toEqual(["later"]);
    expect(await contentAt(place.other, "/file")).toBe("first");
  });

  it("is asked for by one call although that hangs, and its late answer is taken", async () => {
    await using place = await keyVolume();
    const { clock, hook, keys, file, key } = place;
    await clock.advance(9 * minute + 30_000);
    expect(hook.calls).toMatchObject([{ signal: { aborted: true } }]);
    await expect(file.write("later")).rejects.toMatchObject({ code: "EKEYEXPIRED" });
    expect(hook.calls).toHaveLength(1);
    hook.calls[0]?.answer(keys.issue(key, 10 * minute));
    await settle();
    await file.write("later");
    await clock.during(file.sync());
  });

  it("does not ask a hook that just failed for every write", async () => {
    await using place = await keyVolume();
    const { clock, hook, file } = place;
    hook.script = ({ fail }) => fail(new Error("the door is shut"));
    await clock.advance(9 * minute + 2_000);
    const callCount = hook.calls.length;
    for (let time = 0; time < 100; time++) await file.write("later").catch(() => undefined);
    expect(hook.calls).toHaveLength(callCount + 1);
  });

  it("is no reason to wait for an interrupted writer", async () => {
    await using place = await keyVolume();
    const { clock, hook, volume, key } = place;
    const node = await volume.lookup(volume.root, "file", callAs(key));
    const handle = await volume.openNode(node, openFlags.O_RDWR, callAs(key));
    hook.script = ({ fail }) => fail(new Error("the door is shut"));
    await clock.advance(9 * minute + 2_000);
    hook.script = undefined;
    const callCount = hook.calls.length;
    const controller = new AbortController();
    const writing = handle.writeAt(0, bytes, controller.signal);
    await settle();
    expect(hook.calls).toHaveLength(callCount + 1);
    controller.abort();
    await expect(writing).rejects.toMatchObject({ code: "EINTR" });
    await clock.during(handle.release());
  });

  it("leaves no timer when the volume is closed, and stops the hook", async () => {
    const place = await keyVolume();
    const { clock, hook, volume } = place;
    await clock.advance(5 * minute);
    expect(hook.calls).toMatchObject([{ signal: { aborted: false } }]);
    await clock.during(volume.close());
    expect(hook.calls).toMatchObject([{ signal: { aborted: true } }]);
    await clock.advance(10_000);
    expect(clock.timerCount).toBe(0);
  });
});

describe("[S0.7] a key that the store does not know, or not any more", () => {
  it("is a clear error", async () => {
    await using place = await keyVolume();
    const refused = await place.volume
      .promisesFor(bob)
      .readFile("/file")
      .catch((thrown: Failure) => thrown);
    expect(String(refused)).toMatch(/ENOKEY: required key not available.*'\/file'/);
    expect(await place.volume.promisesFor(place.key).readFile("/file", "utf8")).toBe("first");
  });

  it("[S5.1] taken back before the bytes were sent: they are rescued, and fsync says EKEYREVOKED", async () => {
    await using place = await keyVolume();
    const { keys, key, file, rescue, clock } = place;
    await file.write("later");
    keys.revoke(key);
    await expect(clock.during(file.sync())).rejects.toMatchObject({ code: "EKEYREVOKED", outcome: "excised" });
    expect(rescue.entries).toMatchObject([{ refused: { credential: { id: alice.id } } }]);
    expect(place.hook.calls).toEqual([]);
  });
});
