/** Whose key bytes are sent under: their own, or where that was chosen another one of the same user (S5.6). */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { type KeysOfUser, openVolume, type VolumeOptions } from "../../../../src/files/index.ts";
import type { Credential } from "../../../../src/port/index.ts";
import { MemoryKeys, memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser } from "../../../kit/cached-file.ts";
import { alice, bob, contentAt, memoryVolume, nodeAt } from "../../../kit/memory-volume.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";
import { noting } from "./key-volume.ts";

const hour = 3_600_000;
const laptop: Credential = { ...alice, id: "alice at her laptop", user: "alice" };
const phone: Credential = { ...alice, id: "alice at her phone", user: "alice" };
const bobs: Credential = { ...bob, user: "bob" };

async function scene(options: VolumeOptions) {
  const clock = new VirtualClock();
  const keys = new MemoryKeys(clock);
  const rescue = new RescueInMemory();
  const writers: string[] = [];
  const wrap = noting(writers, ({ id }) => id);
  const place = await memoryVolume({ clock, server: { keys }, volume: { rescue, ...options }, wrap });
  const key = keys.issue(laptop, hour);
  await place.volume.promisesFor(key).writeFile("/file", "first");
  const file = await place.volume.open("/file", "r+", { credential: key });
  await file.write("later");
  writers.length = 0;
  keys.revoke(key);
  const sentUnder = (): string[] => writers.filter((note) => note.startsWith("write ")).map((note) => note.slice(6));
  return { ...place, clock, keys, rescue, sentUnder, key, file };
}

describe("[S5.6] the credential that bytes are sent under", () => {
  it("[G6] is their own and no other, unless that was chosen", async () => {
    const asked: string[] = [];
    const keysOfUser: KeysOfUser = (user) => {
      asked.push(user);
      return [];
    };
    await using place = await scene({ keysOfUser, refreshCredential: async () => undefined });
    await expect(place.clock.during(place.file.sync())).rejects.toMatchObject({
      code: "EKEYREVOKED",
      outcome: "excised",
    });
    expect(place.sentUnder()).toEqual([laptop.id]);
    expect(asked).toEqual([]);
    expect(place.rescue.entries).toMatchObject([{ refused: { credential: { id: laptop.id } } }]);
  });

  it("may be another key of the same user: the ones that run are tried in turn, the refused one is not tried again", async () => {
    const given: Credential[] = [];
    const asked: string[] = [];
    const keysOfUser: KeysOfUser = async (user) => {
      asked.push(user);
      return given;
    };
    await using place = await scene({ credentialChoice: "rotate", keysOfUser });
    const { keys } = place;
    const unknown: Credential = { ...laptop, id: "alice, unknown" };
    given.push(place.key, unknown, unknown, keys.issue(phone, hour));
    await place.clock.during(place.file.sync());
    expect(place.sentUnder()).toEqual([laptop.id, unknown.id, phone.id]);
    expect(asked).toEqual(["alice"]);
    expect(await contentAt(place.other, "/file")).toBe("later");
    expect(place.rescue.entries).toEqual([]);
  });

  it("is refused as before when no key of the user is let in", async () => {
    const keysOfUser: KeysOfUser = () => [{ ...phone }];
    await using place = await scene({ credentialChoice: "rotate", keysOfUser });
    await expect(place.clock.during(place.file.sync())).rejects.toMatchObject({
      code: "EKEYREVOKED",
      outcome: "excised",
      credentialId: laptop.id,
    });
    expect(place.rescue.entries).toHaveLength(1);
  });

  it("is never another user's, whatever keys are given", async () => {
    let bobsKey: Credential | undefined;
    const keysOfUser: KeysOfUser = () => (bobsKey === undefined ? [] : [bobsKey]);
    await using place = await scene({ credentialChoice: "rotate", keysOfUser });
    bobsKey = place.keys.issue(bobs, hour);
    const refused = await place.clock.during(place.file.sync().catch((thrown: Failure) => thrown));
    expect(refused).toMatchObject({ code: "EKEYREVOKED" });
    expect(place.sentUnder()).toEqual([laptop.id]);
    expect(await contentAt(place.other, "/file")).toBe("first");
  });

  it("is never looked for where nobody says whose key it is", async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const keysOfUser: KeysOfUser = (user) => {
      asked.push(user);
      return [phone];
    };
    await using place = await memoryVolume({ clock, volume: { credentialChoice: "rotate", keysOfUser } });
    await place.volume.promisesFor(alice).writeFile("/file", "first");
    const file = await place.volume.open("/file", "r+", { credential: alice });
    await file.write("later");
    await place.other.setAttributes(await nodeAt(place.other, "/file"), { mode: 0o400 }, asSuperuser);
    await expect(clock.during(file.sync())).rejects.toMatchObject({ code: "EACCES" });
    expect(asked).toEqual([]);
  });

  it.each([
    ["fail", (): Promise<[]> => Promise.reject(new Error("the door is shut"))],
    ["fail at once", thrower],
    ["never come", (): Promise<[]> => new Promise(() => undefined)],
  ] as const)("is refused as before when the user's keys %s", async (_how, keysOfUser) => {
    await using place = await scene({ credentialChoice: "rotate", keysOfUser });
    const refused = await place.clock.during(place.file.sync().catch((thrown: Failure) => thrown));
    expect(refused).toMatchObject({ code: "EKEYREVOKED", outcome: "excised" });
    expect(place.rescue.entries).toHaveLength(1);
    expect(place.rescue.entries[0]?.refused.failure.message).toContain("for alice");
  });
});

function thrower(): never {
  throw new Error("the door is shut");
}

describe("[S5.6] [S5.7] options for credentials", () => {
  it.each([
    [{ credentialChoice: "other" as "strict" }, "give one of strict, rotate"],
    [{ credentialChoice: "rotate" }, "needs keysOfUser"],
    [{ refreshDeadlineMs: 0 }, "must be above 0"],
    [{ expiryMarginMs: -1 }, "must not be below 0"],
    [{ refreshLeadMs: 1_000, expiryMarginMs: 2_000 }, "must not be below the expiry margin of 2000 ms"],
  ] as const)("are refused with a sentence where they make no sense: %j", async (options, sentence) => {
    const refused = await openVolume(memoryStore(), options).catch((thrown: Failure) => thrown);
    expect(refused).toBeInstanceOf(Failure);
    expect(String(refused)).toContain(sentence);
  });
});
