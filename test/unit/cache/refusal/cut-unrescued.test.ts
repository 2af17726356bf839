/** Unrescued bytes that were cut from the file: whatever is brought in in their place, their last copy stays what it is. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { fillAhead } from "../../../../src/cache/read/fill.ts";
import { superuser } from "../../../../src/port/index.ts";
import { alice, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { type RefusalScene, refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

/** Three pages at the store, of which [100, 200) was refused and could not be rescued. */
async function unrescuedScene(readsAtOnce: boolean): Promise<RefusalScene> {
  const file = await refusalScene(bytesOf(3 * pageSize, 7), {}, { readsAtOnce });
  file.rescue.failure = new Failure("ENOSPC", { syscall: "rescue" });
  await file.space.write(100, bytesOf(100, 1), alice);
  await refuseFirst(file);
  return file;
}

/** Rescue works again: it gets the bytes as they were refused, and the file shows none of them. */
async function expectRescued(file: RefusalScene): Promise<void> {
  expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 0));
  file.cache.checkInvariants();
  file.rescue.failure = undefined;
  await file.space.retryRescue(alice.signal);
  expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
  expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 0));
  file.cache.checkInvariants();
}

const ways: readonly [string, (file: RefusalScene) => Promise<unknown>][] = [
  [
    "truncated away and the file made longer",
    async ({ space }) => {
      await space.truncate(0, alice);
      await space.truncate(3 * pageSize, alice);
    },
  ],
  [
    "truncated away and the file written to behind them",
    async ({ space }) => {
      await space.truncate(0, alice);
      await space.write(pageSize, bytesOf(pageSize, 2), alice);
    },
  ],
  ["punched out", ({ space }) => space.punchHole(0, pageSize, alice)],
];

describe.each(ways)("refused bytes that were %s", (_, cut) => {
  test("[S5.1] stay as they are while a read waits for the store", async () => {
    const file = await unrescuedScene(false);
    await cut(file);
    await expectRescued(file);
  });

  test("[S5.1] stay as they are when a read is answered at once", async () => {
    const file = await unrescuedScene(true);
    await cut(file);
    const target = new Uint8Array(pageSize);
    expect(file.space.tryRead(0, target, file.space.newReadahead(), superuser)).toBe(pageSize);
    await expectRescued(file);
  });

  test("[S5.1] stay as they are while the file is read ahead", async () => {
    const file = await unrescuedScene(false);
    await cut(file);
    fillAhead(file.space, 0, pageSize, superuser);
    await settle();
    await expectRescued(file);
  });
});
