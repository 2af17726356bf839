/** The other policy that was named: to keep what is refused and send it again, for ever. */
import { expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { nextWrite, refusalScene } from "../../../kit/refusal-scene.ts";

const dayMs = 24 * 3_600_000;

test("[S0.39] a permission that may come back is waited for without end, when that is asked for", async () => {
  const patience = { refusalActions: { permission: "keepDirty" }, retryDeadlineMs: Number.POSITIVE_INFINITY } as const;
  const hourly = { writebackPeriodMs: 3_600_000, writebackExpireMs: 0 };
  const file = await refusalScene(bytesOf(pageSize, 7), { ...patience, ...hourly });
  await file.space.write(0, bytesOf(pageSize, 1), alice);
  const startMs = file.clock.nowMs();
  while (file.clock.nowMs() - startMs < 3 * dayMs) {
    const write = await file.clock.during(nextWrite(file));
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 1));
    write.refuse(new Failure("EACCES"));
    await file.clock.advance(0);
  }
  expect([file.space.dirtyBytes, file.rescue.entries]).toEqual([pageSize, []]);
  file.gates.open("write");
  await file.clock.during(file.space.sync(asSuperuser));
  expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 1));
  expect([file.space.dirtyBytes, file.rescue.entries]).toEqual([0, []]);
});
