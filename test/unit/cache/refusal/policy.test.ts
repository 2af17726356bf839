/** What is done with refused bytes: each action, each choice for a conflict, and how long bytes are kept dirty. */
import { describe, expect, test } from "vitest";
import { errorCodes, Failure, failureFrom } from "../../../../src/base/index.ts";
import { completeOptions, type SpaceObserver } from "../../../../src/cache/index.ts";
import { classify } from "../../../../src/cache/refusal/classify.ts";
import { completeRefusalOptions, judge } from "../../../../src/cache/refusal/policy.ts";
import { LateFailure, VersionConflict } from "../../../../src/port/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, framesOf, gatedFile, pageSize, readBack } from "../../../kit/gated-file.ts";
import { late } from "../../../kit/late-failure.ts";
import { nextWrite, refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";

describe("the class of a refusal", () => {
  test.each([
    ["permission", ["EACCES", "EPERM", "ENOKEY", "EKEYEXPIRED", "EKEYREJECTED", "EKEYREVOKED"]],
    ["space", ["EDQUOT", "ENOSPC"]],
    ["media", ["EROFS", "EIO", "EREMOTEIO", "EFBIG", "ENOMEDIUM", "ENXIO", "E2BIG"]],
    ["gone", ["ENOENT", "ESTALE"]],
    ["transient", ["ENETRESET", "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN", "ENETUNREACH", "EAGAIN"]],
    ["local", ["EINTR", "ENOMEM"]],
    ["integrity", ["EBADMSG"]],
  ] as const)("[S0.7] [S0.12] is %s for %s", (refusalClass, codes) => {
    for (const code of codes) expect(classify(new Failure(code)), code).toBe(refusalClass);
  });

  test("[S5.4] a conflict is told by its class of failure, whatever its code", () => {
    expect(classify(new VersionConflict("1"))).toBe("conflict");
    expect(classify(new Failure("ESTALE"))).toBe("gone");
  });

  test("[S0.17] every code has one, and so has an error without a code", () => {
    for (const code of errorCodes) expect(classify(new Failure(code)), code).toEqual(expect.any(String));
    for (const odd of [new Error("odd"), { code: "EODD" }, { code: "EODD", errno: -9999 }, undefined]) {
      expect(classify(failureFrom(odd))).toBe("transient");
    }
    expect(classify(failureFrom({ code: "ERESTARTSYS", errno: -512 }))).toBe("local");
  });
});

describe("the verdict", () => {
  const options = completeRefusalOptions({ retryDeadlineMs: 1000 });

  test("[S0.17] bytes are kept dirty until the deadline; what was out of reach is a broken medium then", () => {
    expect(judge(options, "transient", 999)).toEqual({ outcome: "keepDirty", refusalClass: "transient" });
    expect(judge(options, "transient", 1000)).toEqual({ outcome: "refuse", refusalClass: "media", action: "excise" });
    expect(judge(options, "space", 1000)).toEqual({ outcome: "refuse", refusalClass: "space", action: "excise" });
  });

  test("[S0.39] is the user's: any class has any action", () => {
    const chosen = completeRefusalOptions({ refusalActions: { permission: "keepDirty", space: "salvage" } });
    expect(judge(chosen, "permission", 0)).toEqual({ outcome: "keepDirty", refusalClass: "permission" });
    expect(judge(chosen, "space", 0)).toEqual({ outcome: "refuse", refusalClass: "space", action: "salvage" });
    expect(judge(chosen, "media", 0)).toMatchObject({ action: "excise" });
  });

  test.each([
    [{ refusalActions: { permissions: "excise" } }, /"permissions" is no class of refusals: give one of permission,/],
    [{ refusalActions: { media: "drop" } }, /"drop" is nothing to do about a refusal: give one of excise,/],
    [{ conflict: "merge" }, /"merge" is no choice for a conflict: give one of refuse, keepBoth, overwrite/],
    [{ retryDeadlineMs: -1 }, /retry deadline of -1 ms/],
    [{ retryDeadlineMs: Number.NaN }, /retry deadline of NaN ms/],
    [{ rescueDeadlineMs: 0 }, /rescue deadline of 0 ms/],
  ])("settings that make no sense are refused with a sentence: %j", (settings, message) => {
    expect(() => completeOptions(settings as Parameters<typeof completeOptions>[0])).toThrow(message);
  });
});

describe("keep dirty", () => {
  test("[S0.17] a store that is full is told once while it stays so, and to whoever syncs", async () => {
    const file = await gatedFile({ readaheadBytesMax: 0, writebackPeriodMs: 1_000, writebackExpireMs: 0 });
    file.gates.close("write");
    await file.space.write(0, bytesOf(100, 1), alice);
    for (let count = 1; count <= 3; count++) {
      (await file.clock.during(file.gates.arrived("write", count))).refuse(new Failure("ENOSPC"));
    }
    await file.clock.advance(0);
    expect(file.failures).toMatchObject([{ outcome: "keptDirty", refusalClass: "space" }]);
    const cursor = file.space.errors.sample();
    file.space.errors.check(cursor);
    const syncing = file.space.sync(alice);
    (await nextWrite(file)).refuse(new Failure("ENOSPC"));
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ENOSPC" });
    expect(file.failures).toHaveLength(2);
  });

  test("[S0.17] a store that is out of reach is told to whoever syncs, and to nobody else", async () => {
    const file = await gatedFile({ readaheadBytesMax: 0, writebackPeriodMs: 1_000, writebackExpireMs: 0 });
    file.gates.close("write");
    const cursor = file.space.errors.sample();
    await file.space.write(0, bytesOf(100, 1), alice);
    (await file.clock.during(file.gates.arrived("write", 1))).refuse(new Failure("ECONNREFUSED"));
    await file.clock.advance(0);
    expect([file.space.errors.hasNews(cursor), file.failures]).toEqual([false, []]);
    const syncing = file.space.sync(alice);
    (await nextWrite(file)).refuse(new Failure("ECONNREFUSED"));
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ECONNREFUSED" });
    expect(file.failures).toMatchObject([{ refusalClass: "transient", outcome: "keptDirty" }]);
  });

  test("[S0.17] after the deadline of the retries the bytes are rescued and leave, though they were written over meanwhile", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), {
      retryDeadlineMs: 10_000,
      writebackPeriodMs: 1_000,
      writebackExpireMs: 0,
    });
    await file.space.write(0, bytesOf(100, 1), alice);
    const startMs = file.clock.nowMs();
    while (file.rescue.entries.length === 0) {
      const write = await file.clock.during(nextWrite(file));
      expect(file.clock.nowMs() - startMs).toBeLessThan(30_000);
      // A writer who goes on does not put the deadline off.
      await file.space.write(50, bytesOf(10, 2), alice);
      write.refuse(new Failure("ETIMEDOUT"));
      await file.clock.advance(0);
    }
    expect(file.failures).toMatchObject([
      { refusalClass: "media", outcome: "excised", failure: { code: "ETIMEDOUT" } },
    ]);
    file.cache.checkInvariants();
  });

  test("[S0.17] what ended on this side is sent again by itself, and is never told", async () => {
    const file = await gatedFile({ readaheadBytesMax: 0 });
    const cursor = file.space.errors.sample();
    file.gates.close("write");
    await file.space.write(0, bytesOf(100, 1), alice);
    const syncing = file.clock.during(file.space.sync(alice));
    (await file.gates.arrived("write", 1)).refuse(new Failure("EINTR"));
    (await file.gates.arrived("write", 2)).refuse(new Failure("ENOMEM"));
    (await file.gates.arrived("write", 3)).pass();
    await syncing;
    expect(file.space.errors.hasNews(cursor)).toBe(false);
    expect([file.space.dirtyBytes, file.failures]).toEqual([0, []]);
    expect(await bytesAtStore(file)).toEqual(bytesOf(100, 1));
  });

  test("[S0.17] what keeps ending on this side is out of reach in the end", async () => {
    const file = await gatedFile({ readaheadBytesMax: 0 });
    const cursor = file.space.errors.sample();
    file.gates.close("write");
    await file.space.write(0, bytesOf(100, 1), alice);
    let isOver = false;
    const syncing = file.clock.during(file.space.sync(alice)).then(() => {
      isOver = true;
    });
    for (let count = 1; !isOver; count++) {
      const write = await Promise.race([file.gates.arrived("write", count), syncing]);
      write?.refuse(new Failure("ENOMEM"));
    }
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ETIMEDOUT" });
    expect(file.space.dirtyBytes).toBe(100);
  });
});

describe("a write that may still be done", () => {
  test("[S5.1] [S5.10] is not refused, whatever the policy: it would be accepted and rescued at once", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { refusalActions: { transient: "excise" } });
    await file.space.write(0, bytesOf(100, 1), alice);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const syncing = file.space.sync(alice);
    (await nextWrite(file)).refuse(new LateFailure("ETIMEDOUT", { syscall: "write" }, ended));
    await syncing;
    expect([file.rescue.attempts, file.space.dirtyBytes]).toEqual([0, 100]);
    expect(file.failures).toMatchObject([{ outcome: "keptDirty", failure: { code: "ETIMEDOUT" } }]);
    end();
    await file.clock.advance(0);
    await refuseFirst(file, "ETIMEDOUT");
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
  });
});

describe("salvage", () => {
  test("[S0.39] rescues the bytes and lets them be seen, clean, until they are invalidated", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { refusalActions: { media: "salvage" } });
    await file.space.write(100, bytesOf(pageSize, 1), alice);
    await refuseFirst(file, "ENOMEDIUM");
    expect(file.failures).toMatchObject([{ outcome: "salvaged", rescueId: "entry 1", failure: { code: "ENOMEDIUM" } }]);
    expect(file.rescue.entries).toHaveLength(1);
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 0]);
    expect(await readBack(file.space, 100, pageSize)).toEqual(bytesOf(pageSize, 1));
    await file.space.sync(alice);
    expect(file.gates.of("write")).toHaveLength(1);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser);
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
  });
});

describe("invalidate lazily", () => {
  const lazily = { refusalActions: { permission: "invalidateLazily" } } as const;

  test("[S0.34] [S0.38] the next read has what else is dirty sent, asks the store, and starts over with its bytes and size", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), lazily);
    await file.space.write(100, bytesOf(2 * pageSize, 1), alice);
    await refuseFirst(file);
    expect(file.failures).toMatchObject([
      { outcome: "invalidated", rescueId: "entry 1", sizeAfter: 2 * pageSize + 100 },
    ]);
    expect(file.space.size).toBe(2 * pageSize + 100);
    expect(file.space.tryRead(0, new Uint8Array(10), file.space.newReadahead(), alice.credential)).toBe(-1);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(pageSize, 7));
    expect(file.space.size).toBe(pageSize);
    file.cache.checkInvariants();
  });

  test("[S0.35] a reader who holds views goes on seeing the bytes, which stay in the cache, until then", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), lazily);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    const run = await framesOf(file.space, 0, pageSize);
    await refuseFirst(file);
    const page = file.space.pages.get(0);
    expect(page).toMatchObject({ state: "clean" });
    expect(page?.valid.toString()).toBe(`[0,${pageSize})`);
    expect(Uint8Array.from(Buffer.concat(run.views))).toEqual(bytesOf(pageSize, 1));
    expect(file.space.isDoubtful).toBe(true);
    run.release();
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
  });

  test("[S0.36] [S0.R12] what was written meanwhile is sent before the invalidation, and stays", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), lazily);
    await file.space.write(0, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    const refusing = refuseFirst(file);
    await file.rescue.attempted(1);
    await file.space.write(50, bytesOf(100, 2), alice);
    letGo();
    await refusing;
    file.gates.open("write");
    const expected = bytesOf(pageSize, 7);
    expected.fill(2, 50, 150);
    expect(await readBack(file.space, 0, pageSize)).toEqual(expected);
    expect(await bytesAtStore(file)).toEqual(expected);
  });

  test("[S0.34] the next write does so too, and so do fresh attributes", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), lazily);
    await file.space.write(0, bytesOf(100, 1), alice);
    await refuseFirst(file);
    expect(file.space.tryWrite(200, bytesOf(10, 2), alice.credential)).toBe(-1);
    expect(await file.space.write(200, bytesOf(10, 2), alice)).toBe(10);
    expect(await readBack(file.space, 0, 100)).toEqual(bytesOf(100, 7));
    await refuseFirst(file);
    file.space.revalidate(await file.store.getAttributes(file.node, asSuperuser), file.space.changeCount);
    expect(file.space.isDoubtful).toBe(false);
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
  });
});

describe("a conflict", () => {
  async function conflictScene(conflict: "refuse" | "keepBoth" | "overwrite", keepBoth?: SpaceObserver["keepBoth"]) {
    const file = await refusalScene(bytesOf(2 * pageSize, 7), { conflict });
    if (keepBoth !== undefined) Object.assign(file.space.observer, { keepBoth });
    file.gates.open("write");
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(0, bytesOf(100, 1), alice);
    await memoryStore(file.server).write(file.node, pageSize, [bytesOf(2 * pageSize, 9)], undefined, asSuperuser);
    await file.space.sync(alice);
    file.cache.checkInvariants();
    return file;
  }
  const theirs = bytesOf(3 * pageSize, 9);
  theirs.fill(7, 0, pageSize);

  test("[S5.4] refuse: our bytes are rescued, with both versions; the file is as the other client left it", async () => {
    const file = await conflictScene("refuse");
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(theirs);
    expect(file.failures).toMatchObject([
      { refusalClass: "conflict", failure: { code: "ESTALE" }, outcome: "excised" },
    ]);
    const [entry] = file.rescue.entries;
    expect(entry?.refused.foundVersion).toBe((await file.store.getAttributes(file.node, asSuperuser)).version);
    expect(entry?.refused.baseVersion).not.toBe(entry?.refused.foundVersion);
    // The next write is based on what was found.
    await file.space.write(0, bytesOf(10, 2), alice);
    await file.space.sync(alice);
    expect(file.failures).toHaveLength(1);
  });

  test("[S5.4] keep both: a copy is written beside the file, and the writer is told all the same", async () => {
    const file = await conflictScene("keepBoth", () => Promise.resolve({ path: "/file.conflict", isOwnVersion: true }));
    expect(file.rescue.entries).toEqual([]);
    expect(file.failures).toMatchObject([
      { outcome: "copied", rescueId: "/file.conflict", failure: { code: "ESTALE" } },
    ]);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(theirs);
  });

  test("[S5.4] [S5.2] keep both, and the copy cannot be written: the bytes are rescued", async () => {
    const file = await conflictScene("keepBoth", () => Promise.reject(new Failure("EACCES")));
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect(file.failures).toMatchObject([{ outcome: "excised", rescueId: "entry 1" }]);
  });

  test("[S5.4] overwrite: our bytes go over theirs; what they changed besides is read again", async () => {
    const file = await conflictScene("overwrite");
    expect([file.failures, file.rescue.entries]).toEqual([[], []]);
    expect(file.cache.counters.conflictsOverwritten).toBe(1);
    const expected = theirs.slice();
    expected.fill(1, 0, 100);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
  });

  test("[S5.4] [S5.10] overwrite asks again where the store did not say in time what it met, and sends", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { conflict: "overwrite" });
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.store.write(file.node, 100, [bytesOf(10, 9)], undefined, asSuperuser);
    file.gates.open("write");
    file.gates.close("getAttributes");
    const syncing = file.space.sync(asSuperuser);
    (await file.gates.arrived("getAttributes", 1)).refuse(late().failure);
    await file.clock.during(syncing);
    expect(file.failures).toMatchObject([{ failure: { code: "ETIMEDOUT" }, outcome: "keptDirty" }]);
    file.gates.open("getAttributes");
    await file.clock.during(file.space.sync(asSuperuser));
    expect(file.space.dirtyBytes).toBe(0);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 7).fill(1, 0, 10).fill(9, 100, 110));
    file.cache.checkInvariants();
  });

  test("[S5.4] overwrite of a file that others keep changing is a conflict after all", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { conflict: "overwrite" });
    await file.space.write(0, bytesOf(100, 1), alice);
    let isOver = false;
    const syncing = file.clock.during(file.space.sync(alice)).then(() => {
      isOver = true;
    });
    let count = 1;
    for (; !isOver; count++) {
      const write = await Promise.race([file.gates.arrived("write", count), syncing]);
      write?.refuse(new VersionConflict(undefined));
      expect(count).toBeLessThan(40);
    }
    expect(file.failures).toMatchObject([{ refusalClass: "conflict" }]);
  });
});

describe("giving up", () => {
  test("[S5.11] whatever is unsent is rescued under its credential, without a word to the store", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    file.gates.close("getAttributes");
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(100, 2), asSuperuser);
    await file.space.giveUp(new Failure("ETIMEDOUT"), asSuperuser.signal);
    expect(file.gates.of("write")).toEqual([]);
    expect(file.gates.of("getAttributes")).toEqual([]);
    expect(file.rescue.entries.map(({ refused }) => refused.credential.id)).toEqual([
      alice.credential.id,
      asSuperuser.credential.id,
    ]);
    expect(file.failures).toMatchObject([{ failure: { code: "ETIMEDOUT" } }, { failure: { code: "ETIMEDOUT" } }]);
    expect([file.space.dirtyBytes, file.space.size]).toEqual([0, pageSize]);
    file.cache.checkInvariants();
  });
});
