/**
 * Runs scripts on two sides, a directory of the machine's own file system and a directory below a mount, and finds the first
 * line in which they differ. Scripts run in child processes, which are killed when they take too long.
 */
import { chmod, chown, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../command.ts";
import { ownProgram } from "../mounted-store.ts";
import type { Operation } from "./script.ts";

const runMsMax = 60_000;

/** Where scripts and logs are kept, outside of both sides. */
export class Bench {
  readonly scratch: string;
  readonly uid: number | undefined;

  /** @param uid whom the scripts run as; undefined for the test's own user */
  constructor(scratch: string, uid: number | undefined) {
    this.scratch = scratch;
    this.uid = uid;
  }

  /** Makes a directory on the machine's own file system that belongs to whom the scripts run as. */
  async makePlace(parent: string, name: string): Promise<void> {
    const place = join(parent, name);
    await mkdir(join(place, "w"), { recursive: true });
    for (const path of [place, join(place, "w")]) {
      await chmod(path, 0o755);
      if (this.uid !== undefined) await chown(path, this.uid, this.uid);
    }
  }

  /** What a script answers in a directory, line by line. */
  async run(directory: string, operations: readonly Operation[]): Promise<readonly string[]> {
    const paper = await mkdtemp(join(this.scratch, "paper-"));
    const script = join(paper, "script.json");
    const log = join(paper, "log");
    await writeFile(script, JSON.stringify(operations));
    const user = this.uid === undefined ? [] : [String(this.uid)];
    const parameters = [ownProgram("differential"), "run", join(directory, "w"), script, log, ...user];
    const { status, signal, stderr } = await runProgram(process.execPath, parameters, { msMax: runMsMax });
    const lines = (await readFile(log, "utf8").catch(() => "")).split("\n");
    return status === 0 ? lines : [...lines, `the program ended with ${signal ?? status}: ${stderr.slice(-2000)}`];
  }

  /** A tree, line by line. */
  async tree(directory: string): Promise<readonly string[]> {
    const { status, stdout, stderr } = await runProgram(process.execPath, [
      ownProgram("differential"),
      "tree",
      directory,
    ]);
    if (status !== 0) throw new Error(`the tree of ${directory}: ${stderr}`);
    return stdout.split("\n");
  }
}

/** The first line that differs, from both sides with what came before; undefined when there is none. */
export function differenceOf(plain: readonly string[], mounted: readonly string[]): string | undefined {
  const count = Math.max(plain.length, mounted.length);
  for (let index = 0; index < count; index += 1) {
    if (plain[index] === mounted[index]) continue;
    return `plain:   ${plain[index] ?? "(ended)"}\nmounted: ${mounted[index] ?? "(ended)"}`;
  }
  return undefined;
}
