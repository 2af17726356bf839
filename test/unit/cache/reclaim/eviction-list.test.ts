/** The intrusive list against an array. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ReplayedPage } from "../../../../bench/eviction/replay.ts";
import { EvictionList } from "../../../../src/cache/reclaim/eviction-list.ts";

const steps = fc.array(fc.tuple(fc.constantFrom("push", "push", "unlink", "move"), fc.nat(100)), { maxLength: 200 });

it("an eviction list is in the order of an array under any sequence of calls", () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const list = new EvictionList<ReplayedPage>();
      const model: ReplayedPage[] = [];
      for (const [kind, choice] of sequence) {
        const at = choice % Math.max(1, model.length);
        const chosen = model[at];
        if (kind === "push") {
          const entry = new ReplayedPage(choice);
          list.pushHead(entry);
          model.unshift(entry);
        } else if (chosen !== undefined) {
          if (kind === "unlink") list.unlink(chosen);
          else list.moveToHead(chosen);
          model.splice(at, 1);
          if (kind === "move") model.unshift(chosen);
        }
        const seen: ReplayedPage[] = [];
        list.checkInvariants((entry) => seen.push(entry));
        expect(seen).toEqual(model);
        expect(list.size).toBe(model.length);
        expect(list.tail).toBe(model.at(-1) ?? null);
        if (list.tail !== null) expect(list.younger(list.tail)).toBe(model.at(-2) ?? null);
      }
    }),
  );
});
