/** The other choice for a write that meets a page in flight: it waits, and takes no memory for a copy. */
import { describe, expect, test } from "vitest";
import { Failure, SeededRandom } from "../../../../src/base/index.ts";
import { completeOptions } from "../../../../src/cache/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, gatedFile, pageSize, readBack, sendHeld } from "../../../kit/gated-file.ts";
import { nextWrite, refusalScene } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const waiting = { readaheadBytesMax: 0, writeInFlight: "wait" } as const;

describe("a write that meets a page in flight, where it is to wait", () => {
  test("[S3.1] waits until the store has answered; other pages do not, and nothing is copied", async () => {
    const file = await gatedFile(waiting);
    const { flight, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    expect(file.space.tryWrite(10, bytesOf(10, 2), alice.credential)).toBe(-1);
    expect(file.space.tryWrite(pageSize, bytesOf(10, 2), alice.credential)).toBe(10);
    expect(file.space.tryAdoptWrite(0, [bytesOf(pageSize, 2)], pageSize, alice.credential)).toBe(-1);
    let isWritten = false;
    const writing = file.space.write(10, bytesOf(10, 2), alice).then(() => {
      isWritten = true;
    });
    await settle();
    expect([isWritten, file.space.pages.get(0)?.state]).toEqual([false, "inFlight"]);
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 1));
    flight.pass();
    await writing;
    expect([flight.framesChanged, file.cache.counters.copiesOnWrite]).toEqual([false, 0]);
    file.gates.open("write");
    await syncing;
    await file.space.sync(alice);
    expect((await bytesAtStore(file)).subarray(0, 30)).toEqual(bytesOf(30, 1).fill(2, 10, 20));
    file.cache.checkInvariants();
  });

  test("[S2.11] no pass ever meets a page that is dirty and in flight, however much is written while others are sent", async () => {
    for (const writeInFlight of ["wait", "copy"] as const) {
      const file = await gatedFile({ ...waiting, writeInFlight });
      const random = new SeededRandom(7);
      let met = 0;
      for (let round = 1; round <= 20; round++) {
        await file.clock.during(file.space.write(0, bytesOf(4 * pageSize, round), alice));
        file.gates.close("write");
        const arriving = nextWrite(file);
        const syncing = file.space.sync(alice);
        const flight = await arriving;
        const writing = file.space.write(random.below(4) * pageSize, bytesOf(100, round), alice);
        await settle();
        met += [0, 1, 2, 3].filter((index) => file.space.pages.get(index)?.state === "inFlightDirty").length;
        flight.pass();
        file.gates.open("write");
        await file.clock.during(Promise.all([syncing, writing]));
        file.cache.checkInvariants();
      }
      const { writeVerdicts, copiesOnWrite } = file.cache.counters;
      if (writeInFlight === "wait") expect([met, copiesOnWrite, writeVerdicts.waitForFlight > 0]).toEqual([0, 0, true]);
      else expect([met, copiesOnWrite, writeVerdicts.waitForFlight]).toEqual([20, 20, 0]);
    }
  });

  test("[S3.1] goes on when what it waits for is refused, and has its own try", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), waiting);
    await file.space.write(0, bytesOf(100, 1), alice);
    const syncing = file.space.sync(asSuperuser);
    const flight = await nextWrite(file);
    const writing = file.space.write(50, bytesOf(100, 2), alice);
    flight.refuse(new Failure("EACCES"));
    file.gates.open("write");
    expect(await file.clock.during(writing)).toBe(100);
    await file.clock.during(syncing);
    await file.clock.during(file.space.sync(asSuperuser));
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 7).fill(2, 50, 150));
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    file.cache.checkInvariants();
  });

  test("another choice than copy and wait is refused with a sentence", () => {
    expect(() => completeOptions({ writeInFlight: "steal" as "wait" })).toThrow(/"steal" .*: give copy or wait/);
  });
});
