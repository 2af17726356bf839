/** What a seed decides before anything happens: how the store and the volume are made, who acts, and what may go wrong. */
import { SeededRandom } from "../../src/base/index.ts";
import type { RefusalAction, RefusalOptions } from "../../src/cache/index.ts";
import { type Credential, posixCredential, type RefusalClass, superuser } from "../../src/port/index.ts";
import type { MemoryStoreOptions } from "../../src/stores/memory/index.ts";
import type { FaultChances } from "./faulty-store.ts";
import type { KeyTerms } from "./key-office.ts";
import type { RescueFaults } from "./refusal-witness.ts";
import { type Weather, weathers } from "./weather.ts";

export interface Scenario {
  readonly pageSize: number;
  readonly budgetPages: number;
  readonly dirtyLimitPages: number;
  readonly readaheadBytesMax: number;
  readonly attributeTimeoutMs: number;
  readonly storeTimeoutMs: number;
  readonly idleNodesMax: number;
  readonly store: MemoryStoreOptions;
  readonly faults: FaultChances;
  /** The most an ordinary answer takes. */
  readonly latencyMsMax: number;
  readonly weathers: readonly Weather[];
  /** Whose credential by actor; several may share one. */
  readonly credentials: readonly Credential[];
  readonly fileCount: number;
  readonly fileBytes: number;
  readonly hasOthers: boolean;
  readonly interrupts: boolean;
  /** Whether actors follow closely on each other, so that their operations meet. */
  readonly hurries: boolean;
  readonly refusals: Pick<RefusalOptions, "refusalActions" | "conflict" | "retryDeadlineMs" | "rescueDeadlineMs">;
  readonly rescueFaults: RescueFaults;
  /** How credentials end; undefined: never. */
  readonly keys: KeyTerms | undefined;
  /** Whether the store is a medium that may be taken out: then it keeps what it answers, as media are mounted. */
  readonly isMedium: boolean;
  /** Whether all pages of all files are compared after each step, and not those alone that the step touched. */
  readonly comparesEverything: boolean;
}

const users: readonly Credential[] = [
  { ...posixCredential(1000, 1000), user: "1000" },
  { ...posixCredential(1001, 1001), user: "1001" },
  { ...posixCredential(1000, 1000, [7]), user: "1000" },
  superuser,
];

/** Some of the faults and weathers; a third of all runs has neither. */
function troubles(random: SeededRandom, conditional: boolean): Pick<Scenario, "faults" | "weathers"> {
  if (random.chance(0.33)) return { faults: {}, weathers: [] };
  const some = (chance: number): number => (random.chance(0.4) ? chance : 0);
  const faults: FaultChances = {
    slow: some(0.05),
    late: some(0.02),
    short: some(0.2),
    greedy: conditional ? 0 : some(0.01),
    refused: some(0.05),
    unheard: conditional ? 0 : some(0.02),
    twice: conditional ? 0 : some(0.02),
    commitFailed: some(0.1),
  };
  return { faults, weathers: weathers.filter(() => random.chance(0.3)) };
}

const actions: readonly RefusalAction[] = ["excise", "invalidateLazily", "salvage", "keepDirty"];
const classes: readonly RefusalClass[] = ["permission", "conflict", "space", "media", "gone", "integrity", "transient"];
const rescueDeadlineMs = 2_000;
const fileBytesMost = 60_000;

/** Mostly what users get who choose nothing; a medium's bytes are salvaged, as they are where media are mounted. */
function refusals(random: SeededRandom, isMedium: boolean): Pick<Scenario, "refusals" | "rescueFaults"> {
  const chosen = random.chance(0.6) ? [] : classes.filter(() => random.chance(0.3));
  return {
    refusals: {
      refusalActions: {
        ...(isMedium ? { media: "salvage" } : {}),
        ...Object.fromEntries(chosen.map((each) => [each, random.pick(actions)])),
      },
      conflict: random.pick(["refuse", "keepBoth", "overwrite"]),
      retryDeadlineMs: random.pick([3_000, 60_000, 3_600_000]),
      rescueDeadlineMs,
    },
    rescueFaults: {
      failChance: random.pick([0, 0, 0.3]),
      lateChance: random.pick([0, 0, 0.1]),
      deadlineMs: rescueDeadlineMs,
    },
  };
}

function keys(random: SeededRandom): KeyTerms | undefined {
  if (random.chance(0.7)) return undefined;
  return {
    lifeMs: random.pick([20_000, 60_000, 600_000]),
    choice: random.pick(["strict", "rotate"]),
    refreshDeadlineMs: random.pick([500, 4_000]),
    failChance: random.pick([0, 0.2, 0.6]),
  };
}

/** Comparing everything after each step takes time, so one seed in so many does. */
const everythingEach = 16;
/** In one seed in so many refused bytes may come to hold the whole cache. */
const crampedEach = 16;
const budgetPagesMin = 16;

export function scenarioOf(seed: number): Scenario {
  const scenario = roomyScenarioOf(seed);
  return seed % crampedEach === crampedEach / 2 ? cramped(scenario) : scenario;
}

/** The cache is small, all of it may be dirty, and what the store refuses no rescue takes. */
function cramped(scenario: Scenario): Scenario {
  return {
    ...scenario,
    budgetPages: budgetPagesMin,
    dirtyLimitPages: budgetPagesMin,
    fileBytes: fileBytesMost,
    faults: { ...scenario.faults, refused: 0.3 },
    rescueFaults: { ...scenario.rescueFaults, failChance: 1 },
  };
}

function roomyScenarioOf(seed: number): Scenario {
  const random = new SeededRandom(seed ^ 0x5ce0a510);
  const pageSize = random.chance(0.8) ? 4096 : 16384;
  const conditionalWrites = random.chance(0.35);
  const actorCount = 2 + random.below(4);
  const first = random.below(users.length);
  const isMedium = random.chance(0.15);
  const credentialCount = 1 + random.below(3);
  const budgetPages = budgetPagesMin + random.below(9);
  return {
    pageSize,
    budgetPages,
    dirtyLimitPages: budgetPages / 2,
    readaheadBytesMax: random.chance(0.5) ? 0 : 4 * pageSize,
    attributeTimeoutMs: random.pick([0, 100, 1_000]),
    storeTimeoutMs: random.pick([1_000, 5_000]),
    idleNodesMax: random.pick([2, 65_536]),
    store: {
      conditionalWrites,
      parallelWrites: conditionalWrites ? 1 : random.pick([1, 4]),
      durability: isMedium ? "stable" : random.pick(["stable", "volatile"]),
      writeBytesMax: random.pick([3_000, 4_096, 10_000, 1_048_576]),
      reportsChanges: random.chance(0.5),
      readsAtOnce: random.chance(0.2),
    },
    ...troubles(random, conditionalWrites),
    latencyMsMax: random.pick([0, 3, 30]),
    credentials: Array.from(
      { length: actorCount },
      (_, actor) => users[(first + (actor % credentialCount)) % users.length] as Credential,
    ),
    fileCount: random.pick([1, 1, 2, 3, 4]),
    fileBytes: random.pick([10_000, 40_000, fileBytesMost]),
    hasOthers: random.chance(0.6),
    interrupts: random.chance(0.3),
    hurries: random.chance(0.5),
    ...refusals(random, isMedium),
    keys: keys(random),
    isMedium,
    comparesEverything: seed % everythingEach === 0,
  };
}
