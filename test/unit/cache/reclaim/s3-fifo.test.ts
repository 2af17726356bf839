/** S3-FIFO by its own drawing: who is promoted, who leaves a ghost, who returns to main. */
import { describe, expect, it } from "vitest";
import { ReplayedPage } from "../../../../bench/eviction/replay.ts";
import { S3Fifo } from "../../../../src/cache/reclaim/s3-fifo.ts";

const anyEntry = (): boolean => true;

function filled(count: number, entryCountMax = count): { policy: S3Fifo<ReplayedPage>; entries: ReplayedPage[] } {
  const policy = new S3Fifo<ReplayedPage>(entryCountMax);
  const entries = Array.from({ length: count }, (_, page) => new ReplayedPage(page));
  for (const entry of entries) {
    policy.admit(entry);
    policy.accessed(entry);
  }
  return { policy, entries };
}

describe("S3-FIFO", () => {
  it("lets newcomers go in the order they came", () => {
    const { policy, entries } = filled(10);
    expect(policy.victim(anyEntry)).toBe(entries[0]);
    expect(policy.victim(anyEntry)).toBe(entries[1]);
    policy.checkInvariants();
    expect(policy.size).toBe(8);
  });

  it("keeps a newcomer that was used after its first visit, and not one that was not", () => {
    const { policy, entries } = filled(10);
    const [proven, unproven, next] = entries as [ReplayedPage, ReplayedPage, ReplayedPage];
    policy.accessed(proven);
    expect(policy.victim(anyEntry)).toBe(unproven);
    expect(policy.victim(anyEntry)).toBe(next);
    policy.checkInvariants();
  });

  it("counts the first visit to what was read ahead as the visit it was read for", () => {
    const policy = new S3Fifo<ReplayedPage>(10);
    const readAhead = Array.from({ length: 10 }, (_, page) => new ReplayedPage(page));
    for (const entry of readAhead) policy.admit(entry);
    for (const entry of readAhead) policy.accessed(entry);
    expect(policy.victim(anyEntry)).toBe(readAhead[0]);
  });

  it("takes an entry that comes back soon into the main queue, where it outlives newcomers", () => {
    const { policy } = filled(20);
    const gone = policy.victim(anyEntry) as ReplayedPage;
    const returned = new ReplayedPage(gone.page);
    policy.admit(returned);
    policy.accessed(returned);
    const leaving = new Set<ReplayedPage | null>();
    for (let count = 0; count < 19; count++) leaving.add(policy.victim(anyEntry));
    expect(leaving.size).toBe(19);
    expect(leaving.has(returned)).toBe(false);
    expect(policy.victim(anyEntry)).toBe(returned);
  });

  it("takes an entry that comes back late for a newcomer", () => {
    const { policy, entries } = filled(20);
    const first = policy.victim(anyEntry) as ReplayedPage;
    for (let page = 100; page < 140; page++) {
      const newcomer = new ReplayedPage(page);
      policy.admit(newcomer);
      policy.accessed(newcomer);
      policy.victim(anyEntry);
    }
    expect(first).toBe(entries[0]);
    const returned = new ReplayedPage(first.page);
    policy.admit(returned);
    policy.accessed(returned);
    for (let count = 0; count < 19; count++) expect(policy.victim(anyEntry)).not.toBe(returned);
    expect(policy.victim(anyEntry)).toBe(returned);
  });

  it("remembers nothing of an entry that was removed", () => {
    const { policy, entries } = filled(20);
    policy.remove(entries[5] as ReplayedPage);
    expect((entries[5] as ReplayedPage).evictionMark).toBe(0);
    const again = new ReplayedPage(5);
    policy.admit(again);
    policy.accessed(again);
    for (let count = 0; count < 19; count++) expect(policy.victim(anyEntry)).not.toBe(again);
    expect(policy.victim(anyEntry)).toBe(again);
    expect(policy.victim(anyEntry)).toBeNull();
  });
});
