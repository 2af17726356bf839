/** Holdfast's own mount over the directory itself, for it speaks no SFTP yet. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../../test/kit/checkout.ts";
import { RunningMount, runHoldfast } from "../../test/kit/command.ts";
import type { Client, Contender, Kept } from "./contender.ts";
import { fileName, type Ground, type Piece } from "./ground.ts";
import { endMount, startSshfs } from "./wire-client.ts";

/** As much of a rescue entry as is looked at here. */
interface Entry {
  readonly id: string;
  readonly manifest: { readonly ranges: readonly { readonly offset: number; readonly byteCount: number }[] };
}

const version: readonly string[] = [process.execPath, join(checkout, "bin", "holdfast.js"), "--version"];

/** The ways to restore an entry, in the order in which a careful user tries them. */
const restores: readonly (readonly string[])[] = [[], ["--to", `/${fileName}`], ["--overwrite"]];

class HoldfastClient implements Client {
  readonly point: string;
  /** More than the longest pause between two tries. */
  readonly patienceMs = 45_000;
  readonly #mount: RunningMount;
  readonly #rescue: string;
  readonly #endBelow: () => Promise<void>;

  constructor(point: string, mount: RunningMount, rescue: string, endBelow: () => Promise<void>) {
    this.point = point;
    this.#mount = mount;
    this.#rescue = rescue;
    this.#endBelow = endBelow;
  }

  async settled(): Promise<undefined> {}

  async kept(): Promise<readonly Kept[]> {
    const entries = await this.#entries();
    const pieces = await Promise.all(entries.map((entry) => this.#piecesOf(entry)));
    return [{ where: "rescue", pieces: pieces.flat() }];
  }

  async restore(takeAway: () => Promise<void>): Promise<string> {
    const entries = await this.#entries();
    if (entries.length === 0) {
      await takeAway();
      return "by itself";
    }
    await this.#mount[Symbol.asyncDispose]();
    await takeAway();
    const ways = new Set<string>();
    for (const { id } of entries) ways.add(await this.#restoreEntry(id));
    return [...ways].join(", ");
  }

  async #entries(): Promise<readonly Entry[]> {
    return (JSON.parse(await this.#toldOf(["list", "--json"])) as { entries: Entry[] }).entries;
  }

  async #piecesOf({ id, manifest }: Entry): Promise<Piece[]> {
    const bytes = await this.#toldOf(["show", "--bytes", id]);
    let shown = 0;
    return manifest.ranges.map(({ offset, byteCount }) => {
      shown += byteCount;
      return { offset, text: bytes.slice(shown - byteCount, shown) };
    });
  }

  async #restoreEntry(id: string): Promise<string> {
    let refused = "";
    for (const flags of restores) {
      const { status, stderr } = await this.#rescued(["restore", id, ...flags]);
      if (status === 0) return ["rescue restore", ...flags].join(" ");
      refused = stderr.trim();
    }
    return `not restored: ${refused}`;
  }

  /** What a verb that must succeed prints. */
  async #toldOf(words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.#rescued(words);
    if (status !== 0) throw new Error(`rescue ${words.join(" ")}: ${stderr}`);
    return stdout;
  }

  #rescued(words: readonly string[]): ReturnType<typeof runHoldfast> {
    return runHoldfast(["rescue", ...words, "--rescue", this.#rescue]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mount[Symbol.asyncDispose]();
    await this.#endBelow();
  }
}

/** A mount with the options, for trials whose cause has one of the names; for all where none is given. */
export function holdfast(name: string, options: readonly string[] = [], onlyFor: readonly string[] = []): Contender {
  return {
    name,
    isOverWire: false,
    version,
    takesPartIn: (cause) => onlyFor.length === 0 || onlyFor.includes(cause.name),
    start: (ground) => startHoldfast(ground, ground.home, options),
  };
}

/** A mount of what sshfs has mounted, so that there is a wire: for a server that hangs. */
export const holdfastOverSshfs: Contender = {
  name: "Holdfast, over sshfs",
  isOverWire: true,
  version,
  takesPartIn: ({ overWireOnly }) => overWireOnly === true,
  start: async (ground) => {
    const below = join(ground.scratch, "sshfs");
    const service = await startSshfs(ground, below);
    try {
      return await startHoldfast(ground, below, [], () => endMount(below, service));
    } catch (error) {
      await endMount(below, service);
      throw error;
    }
  },
};

async function startHoldfast(
  ground: Ground,
  directory: string,
  options: readonly string[],
  endBelow: () => Promise<void> = async () => {},
): Promise<Client> {
  const [point, rescue] = [join(ground.scratch, "mount"), join(ground.scratch, "rescue")];
  await mkdir(point);
  await mkdir(rescue, { mode: 0o700 });
  const all = ["--allow-other", "--rescue", rescue, ...options];
  return new HoldfastClient(point, await RunningMount.start(`dir:${directory}`, point, all), rescue, endBelow);
}
