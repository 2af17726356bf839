/**
 * What the programs of a script have open, and which names there are, as far as a script can know before it is played: an
 * open may fail, and actors overtake each other. Operations are made to fit it, so that nearly all of them have an effect.
 */
import type { SeededRandom } from "../../src/base/index.ts";
import type { Access, Operation } from "./operation.ts";
import type { Weather } from "./weather.ts";

export const slotCount = 3;

/** What an operation wants of the slot it is done on. */
export type Need = "open" | "read" | "write" | "append" | "map" | "mapped" | "mappedToWrite";

const givenBy: Record<Access, readonly Need[]> = {
  r: ["open", "read", "map"],
  w: ["open", "write"],
  rw: ["open", "read", "write", "map"],
  a: ["open", "read", "append"],
};

export class ScriptState {
  readonly #names: Set<number> = new Set();
  readonly #open: Map<number, Access> = new Map();
  readonly #mapped: Map<number, Access> = new Map();
  /** Weather that was not ended yet. */
  readonly weathers: Set<Weather> = new Set();

  /** A slot of the actor that gives what is needed; undefined when there is none. */
  slotFor(random: SeededRandom, actor: number, need: Need): number | undefined {
    const fitting: number[] = [];
    for (let slot = 0; slot < slotCount; slot++) {
      if (this.#gives(actor * slotCount + slot, need)) fitting.push(slot);
    }
    return fitting.length === 0 ? undefined : random.pick(fitting);
  }

  #gives(place: number, need: Need): boolean {
    if (need === "mapped") return this.#mapped.has(place);
    if (need === "mappedToWrite") return this.#mapped.get(place) === "rw";
    const access = this.#open.get(place);
    return access !== undefined && givenBy[access].includes(need);
  }

  /** A slot of the actor in which nothing is open, or any one. */
  slotToOpen(random: SeededRandom, actor: number): number {
    const slots = Array.from({ length: slotCount }, (_, slot) => slot);
    const free = slots.filter((slot) => !this.#open.has(actor * slotCount + slot));
    return random.pick(free.length === 0 ? slots : free);
  }

  /** The number of a name that is there, or of any where none is. */
  fileFor(random: SeededRandom, fileCount: number): number {
    return this.#names.size === 0 ? random.below(fileCount) : random.pick([...this.#names]);
  }

  has(file: number): boolean {
    return this.#names.has(file);
  }

  note(operation: Operation): void {
    const { actor } = operation;
    switch (operation.kind) {
      case "open":
        if (operation.access !== "r") this.#names.add(operation.file);
        if (this.has(operation.file)) this.#open.set(actor * slotCount + operation.slot, operation.access);
        break;
      case "close":
        if (actor >= 0) this.#open.delete(actor * slotCount + operation.slot);
        break;
      case "map":
        this.#mapped.set(actor * slotCount + operation.slot, this.#open.get(actor * slotCount + operation.slot) ?? "r");
        break;
      case "unmap":
        this.#mapped.delete(actor * slotCount + operation.slot);
        break;
      case "unlink":
      case "otherDelete":
        this.#names.delete(operation.file);
        break;
      case "rename":
        if (operation.way === "replace" && operation.file !== operation.to) this.#names.delete(operation.file);
        this.#names.add(operation.to);
        break;
      case "link":
        this.#names.add(operation.to);
        break;
      case "weather":
        if (operation.isOn) this.weathers.add(operation.weather);
        else this.weathers.delete(operation.weather);
        break;
      case "quiet":
        if (operation.isSettled) this.weathers.clear();
        break;
      case "otherWrite":
        this.#names.add(operation.file);
        break;
      default:
        break;
    }
  }
}
