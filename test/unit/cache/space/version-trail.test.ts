/** The trail of versions: own changes that follow each other, answered in any order, and changes by others between them. */
import { describe, expect, test } from "vitest";
import { VersionTrail } from "../../../../src/cache/space/version-trail.ts";
import type { ChangedAttributes } from "../../../../src/port/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import {
  alice,
  bob,
  bytesOf,
  type GatedFile,
  pageSize,
  readBack,
  storedFile,
  tellingsOf,
} from "../../../kit/gated-file.ts";
import { until } from "../../../kit/until.ts";

/** All orders of some things. */
function ordersOf<Thing>(things: readonly Thing[]): Thing[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((first, at) => ordersOf(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

function trailOf(known: string, steps: readonly (readonly [previous: string, version: string])[]): VersionTrail {
  const trail = new VersionTrail(known);
  for (const [previous, version] of steps) trail.step({ previous, version } as ChangedAttributes);
  return trail;
}

describe("a trail of versions", () => {
  test("[G17] own changes that follow each other lead to the last, in whatever order they are answered", () => {
    for (const steps of ordersOf([
      ["0", "1"],
      ["1", "2"],
      ["2", "2"],
      ["2", "3"],
      ["3", "4"],
    ] as const)) {
      const trail = trailOf("0", steps);
      expect([trail.known, trail.stray]).toEqual(["4", undefined]);
    }
  });

  test("[G17] a change by others before, between or after own ones leaves the rest astray, in whatever order", () => {
    for (const gap of [0, 1, 2, 3]) {
      const own = [0, 1, 2, 3].map((at) => {
        const from = at < gap ? at : at + 1;
        return [`${from}`, `${from + 1}`] as const;
      });
      for (const steps of ordersOf(own)) {
        const trail = trailOf("0", steps);
        expect([trail.known, trail.stray?.version]).toEqual([`${gap}`, "5"]);
        trail.restart("5");
        expect([trail.known, trail.stray]).toEqual(["5", undefined]);
      }
    }
  });

  test("[G17] changes by others before and between own ones leave several astray, of which none is told, until all is known", () => {
    for (const steps of ordersOf([
      ["1", "2"],
      ["2", "3"],
      ["4", "5"],
    ] as const)) {
      const trail = trailOf("0", steps);
      expect([trail.known, trail.strayCount, trail.stray]).toEqual(["0", 2, undefined]);
      trail.step({ previous: "3", version: "4" } as ChangedAttributes);
      expect([trail.known, trail.strayCount, trail.stray?.version]).toEqual(["0", 1, "5"]);
      trail.restart("5");
      expect(trail.strayCount).toBe(0);
    }
  });

  test("[G17] what was learned elsewhere stands against late answers to older changes, in whatever order", () => {
    for (const late of ordersOf([
      ["0", "1"],
      ["1", "2"],
      ["3", "4"],
    ] as const)) {
      const trail = new VersionTrail("0");
      const { restartCount } = trail;
      trail.restart("5");
      for (const [previous, version] of late) trail.stepLate({ previous, version } as ChangedAttributes, restartCount);
      expect([trail.known, trail.stray]).toEqual(["5", undefined]);
    }
  });

  test("[G17] a late answer goes on from what is known, and leads astray when nothing was learned meanwhile", () => {
    const trail = new VersionTrail("0");
    const { restartCount } = trail;
    trail.restart("1");
    trail.stepLate({ previous: "1", version: "2" } as ChangedAttributes, restartCount);
    expect([trail.known, trail.stray]).toEqual(["2", undefined]);
    trail.stepLate({ previous: "3", version: "4" } as ChangedAttributes, trail.restartCount);
    expect([trail.known, trail.stray?.version]).toEqual(["2", "4"]);
  });
});

/** A file of three pages, cached, on a store that refuses no write and takes several at once. */
async function sharedFile(): Promise<GatedFile & { readonly heard: () => number }> {
  const file = await storedFile(
    bytesOf(3 * pageSize, 7),
    { readaheadBytesMax: 0 },
    { conditionalWrites: false, parallelWrites: 4, writeBytesMax: pageSize },
  );
  const tellings = tellingsOf(file.space);
  await readBack(file.space, 0, 3 * pageSize);
  return Object.assign(file, { heard: () => tellings.count });
}

function writeElsewhere(file: GatedFile, position: number, value: number): Promise<unknown> {
  return memoryStore(file.server).write(file.node, position, [bytesOf(10, value)], undefined, asSuperuser);
}

/** Two own writes, at 0 and at `position`: done by the store in this order, and answered in the other. */
async function answeredTheOtherWayRound(
  file: GatedFile,
  position: number,
  others: { readonly before?: () => Promise<unknown>; readonly between: () => Promise<unknown> },
): Promise<void> {
  await file.space.write(0, bytesOf(10, 1), alice);
  await file.space.write(position, bytesOf(10, 2), bob);
  file.gates.close("write");
  const syncing = file.space.sync(alice);
  const first = await file.gates.arrived("write", 1);
  const second = await file.gates.arrived("write", 2);
  await others.before?.();
  const answerFirst = first.passHoldingAnswer();
  await until("the first write is done", async () => (await bytesAtStore(file))[0] === 1);
  await others.between();
  second.pass();
  await until("the second write is answered", () => second.answered);
  answerFirst();
  await syncing;
}

describe("another client's change just before an own one, where writes are not conditional", () => {
  test("[G17] is seen when the own write is answered", async () => {
    const file = await sharedFile();
    await writeElsewhere(file, 2 * pageSize, 9);
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.space.sync(alice);
    expect(file.heard()).toBe(1);
    expect(await readBack(file.space, 2 * pageSize, 10)).toEqual(bytesOf(10, 9));
  });

  test("[G17] is seen when it came between own writes that were answered the other way round", async () => {
    const file = await sharedFile();
    await answeredTheOtherWayRound(file, pageSize, { between: () => writeElsewhere(file, 2 * pageSize, 9) });
    expect(file.heard()).toBe(1);
    expect(await readBack(file.space, 2 * pageSize, 10)).toEqual(bytesOf(10, 9));
  });

  test("[G17] [S0.10] is asked for when others changed the file twice, and nobody can tell which own write came last", async () => {
    const file = await sharedFile();
    await answeredTheOtherWayRound(file, 4 * pageSize, {
      before: () => writeElsewhere(file, pageSize, 8),
      between: () => writeElsewhere(file, 2 * pageSize, 9),
    });
    expect(file.heard()).toBe(1);
    expect(await file.space.append(bytesOf(5, 3), alice)).toMatchObject({ position: 4 * pageSize + 10 });
    expect(await readBack(file.space, pageSize, 10)).toEqual(bytesOf(10, 8));
    expect(await readBack(file.space, 2 * pageSize, 10)).toEqual(bytesOf(10, 9));
    expect(await readBack(file.space, 4 * pageSize, pageSize)).toEqual(
      Uint8Array.from([...bytesOf(10, 2), ...bytesOf(5, 3)]),
    );
  });

  test("[G17] nothing is seen where there was none", async () => {
    const file = await sharedFile();
    for (const at of [0, 1, 2]) await file.space.write(at * pageSize, bytesOf(10, 1), at === 1 ? bob : alice);
    await file.space.sync(alice);
    await file.space.truncate(2 * pageSize, alice);
    await file.space.punchHole(0, 10, alice);
    expect(file.heard()).toBe(0);
    expect(file.space.pages.get(0)?.valid.isEmpty).toBe(false);
  });

  test.each([
    ["a truncate", (file: GatedFile) => file.space.truncate(4 * pageSize, alice)],
    ["a punch", (file: GatedFile) => file.space.punchHole(0, 10, alice)],
  ])("[G17] is seen when %s is answered, its new size too", async (_what, change) => {
    const file = await sharedFile();
    await writeElsewhere(file, 5 * pageSize, 9);
    await change(file);
    expect(file.heard()).toBe(1);
    const { size } = await file.store.getAttributes(file.node, asSuperuser);
    expect(file.space.size).toBe(size);
  });
});
