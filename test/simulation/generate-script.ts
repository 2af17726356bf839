/** Scripts from seeds. Places and lengths favour the edges of pages, and few places over many, so that operations meet. */
import { SeededRandom } from "../../src/base/index.ts";
import { type Access, type Operation, others, type ReadWay, type WriteWay } from "./operation.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";

const slotCount = 2;
const quietEvery = 60;

/** An operation without who does it and when. */
type Deed = Operation extends infer Each
  ? Each extends Operation
    ? Omit<Each, "actor" | "afterMs" | "interruptMs">
    : never
  : never;

type Make = (random: SeededRandom, scenario: Scenario) => Deed;

function place(random: SeededRandom, { pageSize, fileBytes }: Scenario): number {
  const page = random.below(Math.ceil(fileBytes / pageSize)) * pageSize;
  const within = random.pick([0, 0, 1, pageSize - 1, 100 * random.below(pageSize / 100), random.below(pageSize)]);
  return Math.min(fileBytes - 1, page + within);
}

function extent(random: SeededRandom, scenario: Scenario): { position: number; length: number } {
  const { pageSize, fileBytes } = scenario;
  const position = random.chance(0.1) ? 0 : place(random, scenario);
  const wanted = random.pick([1, 100, pageSize, pageSize + 1, random.below(500) + 1, random.below(2.5 * pageSize) + 1]);
  return { position, length: Math.min(wanted, fileBytes - position) };
}

function wholePages(random: SeededRandom, scenario: Scenario): { position: number; length: number } {
  const { pageSize, fileBytes } = scenario;
  const count = 1 + random.below(2);
  const position = random.below(Math.max(1, Math.floor(fileBytes / pageSize) - count)) * pageSize;
  return { position, length: count * pageSize };
}

const slot = (random: SeededRandom): { slot: number } => ({ slot: random.below(slotCount) });
const file = (random: SeededRandom, { fileCount }: Scenario): { file: number } => ({ file: random.below(fileCount) });
const accesses: readonly Access[] = ["rw", "rw", "rw", "r", "w", "a"];
const readWays: readonly ReadWay[] = ["now", "wait", "views"];
const writeWays: readonly WriteWay[] = ["now", "wait"];

const programDeeds: readonly (readonly [weight: number, make: Make])[] = [
  [
    8,
    (random, scenario) => ({ kind: "open", ...slot(random), ...file(random, scenario), access: random.pick(accesses) }),
  ],
  [3, (random) => ({ kind: "close", ...slot(random) })],
  [
    24,
    (random, scenario) => ({ kind: "read", ...slot(random), ...extent(random, scenario), way: random.pick(readWays) }),
  ],
  [
    28,
    (random, scenario) => ({
      kind: "write",
      ...slot(random),
      ...extent(random, scenario),
      way: random.pick(writeWays),
    }),
  ],
  [6, (random, scenario) => ({ kind: "write", ...slot(random), ...wholePages(random, scenario), way: "frames" })],
  [3, (random) => ({ kind: "append", ...slot(random), length: 1 + random.below(250) })],
  [
    4,
    (random, scenario) => ({
      kind: "truncate",
      ...slot(random),
      size: random.chance(0.2) ? 0 : place(random, scenario),
    }),
  ],
  [3, (random, scenario) => ({ kind: "punch", ...slot(random), ...extent(random, scenario) })],
  [7, (random) => ({ kind: "fsync", ...slot(random) })],
  [3, (random) => ({ kind: "stat", ...slot(random) })],
  [3, (random, scenario) => ({ kind: "invalidate", ...slot(random), ...extent(random, scenario) })],
  [2, () => ({ kind: "sync" })],
  [1, (random, scenario) => ({ kind: "unlink", ...file(random, scenario) })],
  [1, (random, scenario) => ({ kind: "rename", ...file(random, scenario), to: random.below(scenario.fileCount) })],
];

const otherDeeds: readonly (readonly [weight: number, make: Make])[] = [
  [5, (random, scenario) => ({ kind: "otherWrite", ...file(random, scenario), ...extent(random, scenario) })],
  [2, (random, scenario) => ({ kind: "otherTruncate", ...file(random, scenario), size: place(random, scenario) })],
  [1, (random, scenario) => ({ kind: "otherDelete", ...file(random, scenario), forgets: random.chance(0.5) })],
  [
    2,
    (random, scenario) => ({ kind: "otherMode", ...file(random, scenario), mode: random.pick([0o600, 0o444, 0o666]) }),
  ],
];

function pickDeed(random: SeededRandom, scenario: Scenario, deeds: readonly (readonly [number, Make])[]): Deed {
  let left = random.below(deeds.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of deeds) {
    left -= weight;
    if (left < 0) return make(random, scenario);
  }
  throw new RangeError("weights are added up");
}

function pause(random: SeededRandom, { hurries }: Scenario): number {
  if (random.chance(0.7)) return 0;
  return random.pick(hurries && random.chance(0.95) ? [1, 5, 20, 60] : [1, 20, 300, 2_000, 6_000, 31_000]);
}

function isElsewhere(random: SeededRandom, scenario: Scenario): "other" | "weather" | "crash" | undefined {
  if (scenario.hasOthers && random.chance(0.06)) return "other";
  if (scenario.weathers.length > 0 && random.chance(0.05)) return "weather";
  if (scenario.store.durability === "volatile" && scenario.weathers.length > 0 && random.chance(0.01)) return "crash";
  return undefined;
}

/** The script of a seed. */
export function scriptOf(seed: number, operationCount: number): Operation[] {
  const scenario = scenarioOf(seed);
  const random = new SeededRandom(seed);
  const script: Operation[] = [];
  const add = (actor: number, deed: Deed): void => {
    const interrupts = scenario.interrupts && actor !== others && random.chance(0.05);
    const interrupt = interrupts ? { interruptMs: random.below(100) } : {};
    script.push({ actor, afterMs: pause(random, scenario), ...interrupt, ...deed } as Operation);
  };
  scenario.credentials.forEach((_, actor) => {
    for (let each = 0; each < slotCount; each++) {
      add(actor, { kind: "open", slot: each, ...file(random, scenario), access: "rw" });
    }
  });
  while (script.length < operationCount) {
    if (script.length % quietEvery === quietEvery - 1) {
      add(others, { kind: "quiet", isSettled: random.chance(0.6) });
      continue;
    }
    const elsewhere = isElsewhere(random, scenario);
    if (elsewhere === "other") add(others, pickDeed(random, scenario, otherDeeds));
    else if (elsewhere === "weather") {
      add(others, { kind: "weather", weather: random.pick(scenario.weathers), isOn: random.chance(0.45) });
    } else if (elsewhere === "crash") add(others, { kind: "crash" });
    else add(random.below(scenario.credentials.length), pickDeed(random, scenario, programDeeds));
  }
  return script;
}
