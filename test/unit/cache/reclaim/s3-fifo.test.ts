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

  it("keeps a newcomer that was used twice more, and not one that was used once more", () => {
    const { policy, entries } = filled(10);
    const [proven, once, never] = entries as [ReplayedPage, ReplayedPage, ReplayedPage];
    policy.accessed(proven);
    policy.accessed(proven);
    policy.accessed(once);
    expect(policy.victim(anyEntry)).toBe(once);
    expect(policy.victim(anyEntry)).toBe(never);
    policy.checkInvariants();
  });

  it("takes an entry that comes back soon into the main queue, where it outlives newcomers", () => {
    const { policy, entries } = filled(20);
    policy.accessed(entries[0] as ReplayedPage);
    policy.accessed(entries[0] as ReplayedPage);
    policy.accessed(entries[1] as ReplayedPage);
    policy.accessed(entries[1] as ReplayedPage);
    const gone = policy.victim(anyEntry) as ReplayedPage;
    expect(gone).toBe(entries[2]);
    const returned = new ReplayedPage(gone.page);
    policy.admit(returned);
    policy.accessed(returned);
    const leaving = new Set<ReplayedPage | null>();
    for (let count = 0; count < 15; count++) leaving.add(policy.victim(anyEntry));
    expect(leaving.has(returned)).toBe(false);
  });

  it("remembers nothing of an entry that was removed", () => {
    const { policy, entries } = filled(20);
    policy.remove(entries[5] as ReplayedPage);
    expect((entries[5] as ReplayedPage).evictionMark).toBe(0);
    const again = new ReplayedPage(5);
    policy.admit(again);
    for (let count = 0; count < 19; count++) expect(policy.victim(anyEntry)).not.toBe(again);
    expect(policy.victim(anyEntry)).toBe(again);
    expect(policy.victim(anyEntry)).toBeNull();
  });
});
