/** What every policy owes its caller, whatever its order: nothing lost, nothing twice, scans resisted, bounded searches. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ActiveInactive } from "../../../../bench/eviction/active-inactive.ts";
import { Replay, ReplayedPage } from "../../../../bench/eviction/replay.ts";
import { Sieve } from "../../../../bench/eviction/sieve.ts";
import { SeededRandom } from "../../../../src/base/index.ts";
import { declinedCountMax, type EvictionPolicy } from "../../../../src/cache/reclaim/eviction-policy.ts";
import { S3Fifo } from "../../../../src/cache/reclaim/s3-fifo.ts";

const policies: readonly [string, (entryCountMax: number) => EvictionPolicy<ReplayedPage>][] = [
  ["S3-FIFO", (entryCountMax) => new S3Fifo(entryCountMax)],
  ["SIEVE", () => new Sieve()],
  ["active/inactive", (entryCountMax) => new ActiveInactive(entryCountMax, entryCountMax * 65536)],
];

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("admit", "access", "access", "remove", "victim", "decline"),
    choice: fc.nat(1000),
  }),
  { maxLength: 400 },
);

describe.each(policies)("%s", (_name, create) => {
  it("answers with each admitted entry once and with no other, under any sequence of calls", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const policy = create(32);
        const admitted: ReplayedPage[] = [];
        const leave = (entry: ReplayedPage): void => {
          const at = admitted.indexOf(entry);
          expect(at).toBeGreaterThanOrEqual(0);
          admitted.splice(at, 1);
          expect(entry.evictionMark).toBe(0);
          expect(entry.evictionNext).toBeNull();
          expect(entry.evictionPrevious).toBeNull();
        };
        for (const { kind, choice } of sequence) {
          const chosen = admitted[choice % Math.max(1, admitted.length)];
          if (kind === "admit") {
            const entry = new ReplayedPage(choice % 64);
            policy.admit(entry);
            admitted.push(entry);
          } else if (kind === "access") {
            if (chosen !== undefined) policy.accessed(chosen);
          } else if (kind === "remove") {
            if (chosen === undefined) continue;
            policy.remove(chosen);
            leave(chosen);
          } else {
            const mayGo = kind === "victim" ? () => true : (entry: ReplayedPage) => entry.page % 3 === 0;
            const victim = policy.victim(mayGo);
            if (victim !== null) {
              expect(mayGo(victim)).toBe(true);
              leave(victim);
            } else expect(admitted.some(mayGo)).toBe(false);
          }
          policy.checkInvariants();
          expect(policy.size).toBe(admitted.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("finds the one entry that may go among fewer than the search's bound", () => {
    const policy = create(200);
    const entries = Array.from({ length: 200 }, (_, page) => new ReplayedPage(page));
    for (const entry of entries) policy.admit(entry);
    expect(policy.victim((entry) => entry.page === 137)).toBe(entries[137]);
    policy.checkInvariants();
  });

  it("gives up after a bounded number of declined entries, and gets to the others by the next calls", () => {
    const policy = create(10_000);
    for (let page = 0; page < 10_000; page++) {
      const entry = new ReplayedPage(page);
      policy.admit(entry);
      policy.accessed(entry);
    }
    let asked = 0;
    const lastOnly = (entry: ReplayedPage): boolean => {
      asked++;
      return entry.page === 9_999;
    };
    expect(policy.victim(lastOnly)).toBeNull();
    expect(asked).toBeLessThanOrEqual(2 * declinedCountMax);
    let calls = 1;
    let victim: ReplayedPage | null = null;
    while (victim === null && calls++ < 10_000 / declinedCountMax + 2) victim = policy.victim(lastOnly);
    expect(victim?.page).toBe(9_999);
  });

  it("gives up a hot entry when every entry is hot, in a bounded search", () => {
    const policy = create(20_000);
    for (let page = 0; page < 20_000; page++) {
      const entry = new ReplayedPage(page);
      policy.admit(entry);
      for (let visit = 0; visit < 5; visit++) policy.accessed(entry);
    }
    expect(policy.victim(() => true)).not.toBeNull();
    policy.checkInvariants();
  });

  it("keeps a hot set through a scan of ten times the cache", () => {
    const pageCountMax = 1_000;
    const hotCount = 500;
    const random = new SeededRandom(11);
    const replay = new Replay(create(pageCountMax), pageCountMax);
    for (let visit = 0; visit < hotCount * 20; visit++) replay.visit(random.below(hotCount));
    let hotHits = 0;
    let hotVisits = 0;
    for (let scanned = 0; scanned < pageCountMax * 10; scanned++) {
      replay.visit(1_000_000 + scanned);
      if (scanned % 4 === 0) {
        hotVisits++;
        if (replay.visit(random.below(hotCount))) hotHits++;
      }
    }
    expect(hotHits / hotVisits).toBeGreaterThan(0.95);
    replay.policy.checkInvariants();
  });

  it("keeps a hot set through a scan during which nobody uses it", () => {
    const pageCountMax = 1_000;
    const hotCount = 400;
    const replay = new Replay(create(pageCountMax), pageCountMax);
    for (let round = 0; round < 6; round++) for (let page = 0; page < hotCount; page++) replay.visit(page);
    for (let scanned = 0; scanned < pageCountMax * 10; scanned++) replay.visit(1_000_000 + scanned);
    let kept = 0;
    for (let page = 0; page < hotCount; page++) if (replay.has(page)) kept++;
    expect(kept).toBeGreaterThan(hotCount * 0.95);
  });

  it("hits as often as the most popular pages allow, within a fifth", () => {
    const pageCountMax = 500;
    const random = new SeededRandom(5);
    const replay = new Replay(create(pageCountMax), pageCountMax);
    const zipf = (): number => Math.floor(10_000 ** (random.next() / 2 ** 32));
    let best = 0;
    for (let visit = 0; visit < 200_000; visit++) {
      const page = zipf();
      if (page <= pageCountMax) best++;
      replay.visit(page);
    }
    expect(replay.hitRatio).toBeGreaterThan((best / 200_000) * 0.8);
  });
});
