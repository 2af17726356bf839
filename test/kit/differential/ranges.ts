/** Ranges of files as scripts use them: mostly small, often at the borders of pages of any size, rarely beyond 4 GiB. */
import type { SeededRandom } from "../../../src/base/index.ts";

const borders = [4096, 8192, 16384, 65536, 131072, 262144];
const farOffset = 2 ** 32 + 100_000;

export interface Range {
  readonly offset: number;
  readonly length: number;
}

function length(random: SeededRandom): number {
  switch (random.below(8)) {
    case 0:
      return random.below(3);
    case 1:
    case 2:
      return random.below(200);
    case 3:
      return random.pick([4096, 65536, 8192]);
    case 4:
      return Math.max(0, random.pick(borders) + random.below(7) - 3);
    case 5:
      return random.below(300_000);
    default:
      return random.below(9000);
  }
}

function offset(random: SeededRandom): number {
  if (random.chance(0.005)) return farOffset + random.below(10_000);
  switch (random.below(6)) {
    case 0:
      return 0;
    case 1:
      return random.pick(borders);
    case 2:
      return Math.max(0, random.pick(borders) + random.below(200) - 100);
    case 3:
      return random.below(300_000);
    default:
      return random.below(20_000);
  }
}

export function rangeOf(random: SeededRandom): Range {
  return { offset: offset(random), length: length(random) };
}
