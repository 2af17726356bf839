/** Whatever code a store fails with, the flight ends and somebody hears of it. */
import { describe, expect, test } from "vitest";
import { errorCodes, Failure } from "../../../../src/base/index.ts";
import { alice, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";

/** Ends of our own calls, not answers of a store: they are tried again, and nobody needs to hear of them. */
const ownEnds = new Set(["EINTR", "EAGAIN", "ENOMEM", "ECANCELED"]);

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
});
