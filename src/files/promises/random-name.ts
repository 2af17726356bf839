/** Names that nobody has thought of yet, for mkdtemp: six letters and digits, as node:fs has them. */
import { SeededRandom, systemClock } from "../../base/index.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const nameLength = 6;
const random = new SeededRandom(Number(systemClock.wallTimeNs() & 0xffffffffn));

export function randomName(): string {
  let name = "";
  while (name.length < nameLength) name += letters[random.below(letters.length)] ?? "";
  return name;
}
