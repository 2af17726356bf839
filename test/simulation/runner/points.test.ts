/** The points that instrumentation puts into the sources: found by name, and decided by a scheduler. */
import { describe, expect, test } from "vitest";
import { asSuperuser, cachedFile } from "../../kit/cached-file.ts";
import { ActorClock } from "../../kit/schedule/actor-clock.ts";
import { firstCome } from "../../kit/schedule/first-come.ts";
import { ForcedPolicy } from "../../kit/schedule/forced.ts";
import { type Policy, Scheduler, type Turn } from "../../kit/schedule/scheduler.ts";

async function writeAndTruncate(policy: Policy): Promise<{ turns: string[]; size: number }> {
  const turns: string[] = [];
  const chosen = (turn: Turn | undefined): void => {
    turns.push(turn === undefined ? "time" : `${turn.actor} ${turn.name}`);
  };
  const clock = new ActorClock();
  const scheduler = new Scheduler({ policy, clock, chosen });
  const size = await scheduler.run(async () => {
    const { space, cache } = await cachedFile({ clock });
    const bytes = new Uint8Array(10_000).fill(7);
    await Promise.all([
      scheduler.spawn("writer", () => space.write(0, bytes, asSuperuser)),
      scheduler.spawn("truncater", () => space.truncate(5, asSuperuser)),
    ]);
    await space.sync(asSuperuser);
    cache.close();
    return space.size;
  });
  return { turns, size };
}

describe("instrumented sources", () => {
  test("stop at a named point at each await, also of a lock that is taken and let go", async () => {
    const { turns } = await writeAndTruncate(firstCome);
    const names = turns.join("\n");
    expect(names).toMatch(/^writer cache\/space\/address-space\.ts:\d+ write: this\.inodeLock\.acquire$/m);
    expect(names).toMatch(/^writer cache\/space\/address-space\.ts:\d+ write: this\.inodeLock\.acquire let go$/m);
    expect(names).toMatch(/^truncater cache\/write\/truncate\.ts:\d+ truncate: space\.invalidateLock\.acquireAlone$/m);
    expect(names).toMatch(/^main cache\/writeback\/pass\.ts:\d+ /m);
  });

  test("go on in the order that is forced", async () => {
    const truncateLast = new ForcedPolicy([{ actor: "writer" }, { actor: "truncater" }]);
    const writeLast = new ForcedPolicy([{ actor: "truncater" }, { actor: "writer" }]);
    expect((await writeAndTruncate(truncateLast)).size).toBe(5);
    expect((await writeAndTruncate(writeLast)).size).toBe(10_000);
  });
});
