/** Whatever code a store fails with, the flight ends and somebody hears of it. */
import { describe, expect, test } from "vitest";
import { type ErrorCode, errorCodes, Failure } from "../../../../src/base/index.ts";
import { bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";

/** Ends of our own calls, not answers of a store: the write is sent again at once, and is taken then. */
const ownEnds = new Set<ErrorCode>(["EINTR", "ENOMEM"]);

describe("a write that the store fails", () => {
  test.each(errorCodes)("[S0.17] with %s is in flight no more, and everybody goes on", async (code) => {
    const file = await gatedFile({ readaheadBytesMax: 0 });
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).refuse(new Failure(code, { syscall: "write" }));
    file.gates.open("write");
    await file.clock.during(syncing);
    expect(file.cache.snapshot()).toMatchObject({ inFlightPages: 0, inFlightBytes: 0 });
    expect(file.space.tryWrite(0, bytesOf(10, 2), alice.credential)).toBe(10);
    file.cache.checkInvariants();
  });

  test.each(errorCodes.filter((code) => !ownEnds.has(code)))(
    "[S0.13] [S3.14] with %s is told to who had it open",
    async (code) => {
      const file = await gatedFile({ readaheadBytesMax: 0 });
      const cursor = file.space.errors.sample();
      await file.space.write(0, bytesOf(pageSize, 1), alice);
      file.gates.close("write");
      const syncing = file.space.sync(alice);
      (await file.gates.arrived("write", 1)).refuse(new Failure(code, { syscall: "write" }));
      file.gates.open("write");
      await file.clock.during(syncing);
      expect(file.space.errors.check(cursor)?.code).toBe(code);
    },
  );

  test("[S0.12] [S0.17] with an error that nobody has listed is sent again, and told as EIO until it is taken", async () => {
    const file = await gatedFile({ readaheadBytesMax: 0 });
    const cursor = file.space.errors.sample();
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).refuse(Object.assign(new Error("odd"), { code: "EODD", errno: -9999 }));
    file.gates.open("write");
    await file.clock.during(syncing);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EIO", told: { refusalClass: "transient" } });
    expect(file.failures).toMatchObject([{ outcome: "keptDirty" }]);
    expect(file.space.dirtyBytes).toBe(pageSize);
    await file.clock.during(file.space.sync(alice));
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 1));
  });
});
