/**
 * Paths for scripts: few names, so that operations meet; odd names among them; and mostly paths that something was made at
 * before, so that most operations find something. Names are bytes, written as Latin-1 text.
 */
import type { SeededRandom } from "../../../src/base/index.ts";

const plainNames = ["a", "b", "c", "d"];
const oddNames = ["\xff\xfe", "new\nline", " ", "e\xcc\x81", "-rf", "...", "x".repeat(255), "%2F"];
const wrongNames = [
  "y".repeat(256),
  "",
  ".",
  "..",
  `a/${"z".repeat(300)}`,
  "a/",
  "a/../b",
  "./a",
  "b//c",
  "b/../../w/a",
];
const rememberedMax = 24;
const depthMax = 4;

export class KnownPaths {
  readonly #random: SeededRandom;
  readonly #made: string[] = [];
  readonly #directories: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** One step. */
  name(): string {
    return this.#random.pick(this.#random.chance(0.85) ? plainNames : oddNames);
  }

  /** A name in the working directory or in something that may be a directory. */
  fresh(): string {
    if (this.#random.chance(0.04)) return this.#random.pick(wrongNames);
    return this.#freshIn(this.#made);
  }

  /** A name in the working directory or below one of these paths. */
  #freshIn(paths: readonly string[]): string {
    const parent = this.#random.chance(0.6) && paths.length > 0 ? this.#random.pick(paths) : "";
    const isDeep = parent.split("/").length >= depthMax;
    return parent === "" || isDeep ? this.name() : `${parent}/${this.name()}`;
  }

  /** A path at which something is about to be made. */
  making(): string {
    return this.#remember(this.#made, this.fresh());
  }

  /** A path at which a directory is about to be made. */
  makingDirectory(): string {
    const path = this.#random.chance(0.2) ? this.fresh() : this.#freshIn(this.#directories);
    this.#remember(this.#made, path);
    return this.#remember(this.#directories, path);
  }

  #remember(paths: string[], path: string): string {
    if (paths.length >= rememberedMax) paths.splice(this.#random.below(rememberedMax), 1);
    paths.push(path);
    return path;
  }

  /** Mostly a path at which a directory was made. */
  directory(): string {
    if (this.#random.chance(0.1)) return ".";
    return this.#directories.length === 0 || this.#random.chance(0.1)
      ? this.any()
      : this.#random.pick(this.#directories);
  }

  /** Mostly a path at which something was made. */
  any(): string {
    return this.#made.length === 0 || this.#random.chance(0.12) ? this.fresh() : this.#random.pick(this.#made);
  }
}
