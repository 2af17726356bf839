/** Scripts from seeds: a scenario, and operations that fit what the script has open by then. */
import { SeededRandom } from "../../src/base/index.ts";
import { type Deed, type DeedKind, extent, openDeed, otherDeeds, programDeeds, restoreDeed } from "./deeds.ts";
import { type Operation, others, person } from "./operation.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { type Need, ScriptState, slotCount } from "./script-state.ts";

const quietEvery = 60;
const openChance = 0.07;
/** How often the person restores something, where something may be refused. */
const restoreChance = 0.03;
/** How often programs and others meet at one place after a quiet point. */
const meetingChance = 0.3;
/** How often an operation is done on any slot, whether it is for that or not: it must be refused then. */
const unfittingChance = 0.02;
const insertions = ["none", "none", "own", "own", "other"] as const;

/** The script of a seed. */
export function scriptOf(seed: number, operationCount: number): Operation[] {
  return new Generator(seed).make(operationCount);
}

class Generator {
  readonly #scenario: Scenario;
  readonly #random: SeededRandom;
  readonly #state: ScriptState = new ScriptState();
  readonly #script: Operation[] = [];

  constructor(seed: number) {
    this.#scenario = scenarioOf(seed);
    this.#random = new SeededRandom(seed);
  }

  make(operationCount: number): Operation[] {
    const random = this.#random;
    const { credentials } = this.#scenario;
    credentials.forEach((_, actor) => {
      for (let slot = 0; slot < slotCount; slot++) this.#add(actor, this.#open(slot));
    });
    while (this.#script.length < operationCount) {
      if (this.#script.length % quietEvery === quietEvery - 1) {
        this.#add(others, { kind: "quiet", isSettled: random.chance(0.6) });
        if (this.#scenario.hasOthers && random.chance(meetingChance)) this.#meet();
        continue;
      }
      const deed = this.#elsewhere();
      if (deed !== undefined) this.#add(others, deed);
      else if (this.#restores()) this.#add(person, restoreDeed(random, this.#scenario));
      else this.#addProgramDeed();
    }
    return this.#script.slice(0, operationCount);
  }

  /** A program reads what is not cached, another client writes there, a second program looks at the file, and all is compared. */
  #meet(): void {
    const random = this.#random;
    const { credentials, fileCount, fileBytes } = this.#scenario;
    const file = this.#state.fileFor(random, fileCount);
    const place = extent(random, this.#scenario);
    const reader = random.below(credentials.length);
    const looker = (reader + 1) % credentials.length;
    const slot = random.below(slotCount);
    this.#add(reader, { kind: "open", slot, file, access: "rw" });
    this.#add(reader, { kind: "invalidate", slot, position: 0, length: fileBytes });
    this.#add(reader, { kind: "read", slot, ...place, way: "wait" });
    this.#add(others, { kind: "otherWrite", file, ...place });
    this.#add(looker, { kind: "open", slot, file, access: "rw" });
    this.#add(looker, { kind: "stat", slot });
    this.#add(others, { kind: "quiet", isSettled: true });
  }

  #addProgramDeed(): void {
    const random = this.#random;
    const actor = random.below(this.#scenario.credentials.length);
    const opens = random.chance(openChance);
    this.#add(actor, opens ? this.#open(random.below(slotCount)) : this.#deed(actor, programDeeds));
  }

  #add(actor: number, deed: Deed): void {
    const random = this.#random;
    const interrupts = this.#scenario.interrupts && actor >= 0 && random.chance(0.05);
    const interrupt = interrupts ? { interruptMs: random.below(100) } : {};
    const operation = { actor, afterMs: this.#pauseMs(actor), ...interrupt, ...deed } as Operation;
    this.#state.note(operation);
    this.#script.push(operation);
  }

  #open(slot: number): Deed {
    return openDeed(slot, this.#random, this.#scenario, this.#state);
  }

  /** One of the kinds, by weight; an open where nothing is open that it could be done on. */
  #deed(actor: number, kinds: readonly DeedKind[]): Deed {
    const random = this.#random;
    const kind = pick(random, kinds);
    if ("make" in kind) return kind.make(random, this.#scenario, this.#state);
    const slot = random.chance(unfittingChance)
      ? random.below(slotCount)
      : this.#state.slotFor(random, actor, kind.need);
    if (slot === undefined) return this.#prepare(actor, kind.need);
    return kind.makeOn(slot, random, this.#scenario);
  }

  /** What has to come before an operation that nothing is there for. */
  #prepare(actor: number, need: Need): Deed {
    const random = this.#random;
    const isOfMapping = need === "mapped" || need === "mappedToWrite";
    const slot = isOfMapping ? this.#state.slotFor(random, actor, "map") : undefined;
    return slot === undefined ? this.#open(this.#state.slotToOpen(random, actor)) : { kind: "map", slot };
  }

  #weather(): Deed {
    const random = this.#random;
    const present = [...this.#state.weathers];
    const isOn = present.length === 0 || random.chance(0.45);
    return { kind: "weather", weather: random.pick(isOn ? this.#scenario.weathers : present), isOn };
  }

  #elsewhere(): Deed | undefined {
    const random = this.#random;
    const { hasOthers, weathers, store, isMedium } = this.#scenario;
    if (hasOthers && random.chance(0.06)) return this.#deed(others, otherDeeds);
    if (weathers.length > 0 && random.chance(0.05)) return this.#weather();
    if (isMedium && random.chance(0.06)) return { kind: "medium", inserted: random.pick(insertions) };
    if (store.durability === "volatile" && weathers.length > 0 && random.chance(0.01)) return { kind: "crash" };
    return undefined;
  }

  #restores(): boolean {
    const { hasOthers, weathers } = this.#scenario;
    return (hasOthers || weathers.length > 0) && this.#random.chance(restoreChance);
  }

  /** What happens elsewhere is little, and spread over what the programs do meanwhile. */
  #pauseMs(actor: number): number {
    const random = this.#random;
    if (random.chance(actor < 0 ? 0.2 : 0.7)) return 0;
    const isShort = this.#scenario.hurries && random.chance(0.95);
    return random.pick(isShort ? [1, 5, 20, 60] : [1, 20, 300, 2_000, 6_000, 31_000]);
  }
}

function pick(random: SeededRandom, kinds: readonly DeedKind[]): DeedKind {
  let left = random.below(kinds.reduce((sum, { weight }) => sum + weight, 0));
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw new RangeError("weights are added up");
}
