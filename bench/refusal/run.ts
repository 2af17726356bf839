/**
 * `npm run bench:refusal` has a server say no in every way there is, to Holdfast, sshfs and rclone in turn, and prints one
 * table of what came of it. Names of causes run those only; `--rounds=N` repeats everything N times (3 unless said).
 */
import { cpus, loadavg } from "node:os";
import { attempt } from "../../test/kit/mounted-store.ts";
import { scratchVariable } from "../../test/kit/scratch.ts";
import { setup, teardown } from "../../test/kit/scratch-setup.ts";
import { printTable, progress } from "../report.ts";
import { type Cause, causes } from "./causes.ts";
import type { Contender } from "./contender.ts";
import { holdfast } from "./holdfast-client.ts";
import { columns, rowOf } from "./table.ts";
import { type Outcome, runTrial } from "./trial.ts";
import { rclone, sshfs } from "./wire-client.ts";

const excise = ["--refusal", "space=excise,transient=excise"];
const contenders: readonly Contender[] = [
  holdfast("Holdfast"),
  holdfast("Holdfast, told to excise", excise, ["EDQUOT", "ENOSPC", "hang, disk"]),
  sshfs,
  rclone,
];
const head = [
  "Not the same wire: sshfs and rclone speak SFTP to one sshd on loopback, Holdfast has no SFTP store yet and mounts the",
  "directory (dir:) that this sshd serves. Cause, file, calls and users are the same.",
];

interface Asked {
  readonly causes: readonly Cause[];
  readonly roundCount: number;
}

function readWords(words: readonly string[]): Asked {
  const rounds = words.find((word) => word.startsWith("--rounds="))?.slice("--rounds=".length) ?? "3";
  const names = words.filter((word) => !word.startsWith("--rounds="));
  const unknown = names.filter((name) => causes.every((cause) => cause.name !== name));
  if (unknown.length > 0 || !/^[1-9]\d?$/.test(rounds)) {
    const list = causes.map(({ name }) => `"${name}"`).join(", ");
    const wrong = unknown.length > 0 ? `no such cause: ${unknown.join(", ")}` : "--rounds wants a number from 1 to 99";
    console.error(`bench:refusal: ${wrong}; causes are ${list}`);
    process.exit(2);
  }
  const chosen = names.length === 0 ? causes : causes.filter(({ name }) => names.includes(name));
  return { causes: chosen, roundCount: Number(rounds) };
}

async function versions(): Promise<string> {
  const said = contenders.map(async ({ version: [program = "", ...parameters] }) => {
    const { stdout, stderr } = await attempt(program, parameters);
    return (stdout + stderr).split("\n").find((line) => /\d\.\d/.test(line) && !/^(fuse|FUSE)/.test(line));
  });
  const kernel = (await attempt("uname", ["-sr"])).stdout.trim();
  const ssh = (await attempt("ssh", ["-V"])).stderr.trim();
  return [...new Set(await Promise.all(said)), ssh, `Node ${process.versions.node}`, kernel].join("; ");
}

let isStopping = false;

async function trials(cause: Cause, roundCount: number, directory: string): Promise<string[][]> {
  const lacking = await cause.lacks?.();
  if (lacking !== undefined) return [[cause.name, "", `skipped: ${lacking}`]];
  const outcomes = new Map<Contender, (Outcome | Error)[]>();
  const taking = contenders.filter((one) => one.takesPartIn(cause) && (one.isOverWire || cause.overWireOnly !== true));
  for (let round = 0; round < roundCount; round++) {
    for (const contender of taking) {
      if (isStopping) break;
      progress(`${cause.name}, ${contender.name}, round ${round + 1} of ${roundCount}`);
      const outcome = await runTrial(directory, cause, contender).catch((error: unknown) => asError(error));
      if (outcome instanceof Error) progress(`failed: ${outcome.message}`);
      outcomes.set(contender, [...(outcomes.get(contender) ?? []), outcome]);
    }
  }
  const rows = [...outcomes].map(([contender, of]) => rowOf(cause.name, contender.name, of));
  if (cause.overWireOnly) rows.unshift([cause.name, "Holdfast", "has no wire to this server"]);
  return rows;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const asked = readWords(process.argv.slice(2));
if (process.getuid?.() !== 0) {
  console.error("bench:refusal: needs root: it mounts disks of its own and becomes several users");
  process.exit(1);
}
process.once("SIGINT", () => {
  isStopping = true;
  progress("ending after this trial");
});
await setup();
try {
  console.log(
    `${await versions()}\n${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, load ${loadavg()[0]?.toFixed(1)}`,
  );
  const rows: string[][] = [];
  for (const cause of asked.causes)
    rows.push(...(await trials(cause, asked.roundCount, process.env[scratchVariable] ?? "")));
  const how = asked.causes.map((cause) => `${cause.name}: ${cause.how}.`);
  printTable({ title: "When the server says no", columns, rows, notes: [...head, ...how] });
  console.log(`\nload at the end ${loadavg()[0]?.toFixed(1)}, ${asked.roundCount} rounds`);
} finally {
  await teardown();
}
