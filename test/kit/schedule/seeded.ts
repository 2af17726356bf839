/**
 * Policies that a seed decides. A seed first picks how it is going to choose, because each way finds other mistakes:
 *
 * | way | chooses |
 * |---|---|
 * | even | any ready turn, each as likely as the others |
 * | latest | mostly the turn whose point was reached last, so that whoever began early is overtaken |
 * | faithful | mostly another turn of the actor that went last, so that whole operations fall between two turns of others |
 * | ranked | the actor of the highest rank; now and then the one that is ahead falls to the last rank (PCT) |
 * | heldUp | anything but turns at some of the points, which go only when nothing else can, or rarely |
 *
 * "ranked" is the probabilistic concurrency testing of Burckhardt and others (ASPLOS 2010): a mistake that needs d turns in
 * one order is found with a chance that does not shrink with the number of turns. All ways choose evenly now and then, so
 * that none of them starves anybody for ever; and time may pass although turns are ready, as on a machine that is slow.
 */
import type { SeededRandom } from "../../../src/base/index.ts";
import { hashOfText } from "./interleaving-hash.ts";
import { type Moment, type Policy, type Turn, timePasses } from "./scheduler.ts";

const evenChance = 0.05;

type Choose = Policy["choose"];

function even(random: SeededRandom): Choose {
  return (ready) => random.below(ready.length);
}

function latest(random: SeededRandom): Choose {
  return (ready) => (random.chance(0.8) ? ready.length - 1 : random.below(ready.length));
}

function faithful(random: SeededRandom): Choose {
  const chance = random.pick([0.7, 0.9, 0.97]);
  return (ready, { lastActor }) => {
    if (!random.chance(chance)) return random.below(ready.length);
    const same = ready.findIndex(({ actor }) => actor === lastActor);
    return same < 0 ? random.below(ready.length) : same;
  };
}

function ranked(random: SeededRandom): Choose {
  const ranks: Map<string, number> = new Map();
  const changeChance = random.pick([0.002, 0.01, 0.05]);
  let lowest = 0;
  const rankOf = (actor: string): number => {
    const known = ranks.get(actor);
    if (known !== undefined) return known;
    const rank = 1 + random.next();
    ranks.set(actor, rank);
    return rank;
  };
  return (ready) => {
    let best = 0;
    for (let at = 1; at < ready.length; at++) {
      if (rankOf((ready[at] as Turn).actor) > rankOf((ready[best] as Turn).actor)) best = at;
    }
    if (random.chance(changeChance)) ranks.set((ready[best] as Turn).actor, --lowest);
    return best;
  };
}

function heldUp(random: SeededRandom): Choose {
  const salt = random.next();
  const oneIn = random.pick([2, 4, 8, 16]);
  const isHeldUp = ({ name }: Turn): boolean => ((hashOfText(name) ^ salt) >>> 7) % oneIn === 0;
  return (ready) => {
    const start = random.below(ready.length);
    for (let each = 0; each < ready.length; each++) {
      const at = (start + each) % ready.length;
      if (!isHeldUp(ready[at] as Turn)) return at;
    }
    return start;
  };
}

const ways: readonly ((random: SeededRandom) => Choose)[] = [even, latest, faithful, ranked, heldUp];

export function seededPolicy(random: SeededRandom): Policy {
  const choose = random.pick(ways)(random);
  const timeChance = random.pick([0, 0, 0.002, 0.02]);
  return {
    choose(ready: readonly Turn[], moment: Moment): number {
      if (timeChance > 0 && moment.canTimePass && random.chance(timeChance)) return timePasses;
      if (ready.length === 1) return 0;
      return random.chance(evenChance) ? random.below(ready.length) : choose(ready, moment);
    },
  };
}
