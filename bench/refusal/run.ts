/**
 * `npm run bench:refusal` has a server say no in every way there is, to Holdfast, sshfs and rclone in turn, and prints one
 * table of what came of it.
 */
import { cpus, loadavg } from "node:os";
import { attempt } from "../../test/kit/mounted-store.ts";
import { scratchVariable } from "../../test/kit/scratch.ts";
import { setup, teardown } from "../../test/kit/scratch-setup.ts";
import { printTable, progress } from "../report.ts";
import { misused, readArguments } from "../usage.ts";
import { type Cause, causes } from "./causes.ts";
import type { Contender } from "./contender.ts";
import { holdfast, holdfastOverSshfs } from "./holdfast-client.ts";
import { columns, rowOf } from "./table.ts";
import { type Outcome, runTrial } from "./trial.ts";
import { rclone, sshfs } from "./wire-client.ts";

const excise = ["--refusal", "space=excise,transient=excise"];
const contenders: readonly Contender[] = [
  holdfast("Holdfast"),
  holdfast("Holdfast, told to excise", excise, ["EDQUOT", "ENOSPC", "hang, disk"]),
  holdfastOverSshfs,
  sshfs,
  rclone,
];
const head = [
  "Not the same wire: sshfs and rclone speak SFTP to one sshd on loopback, Holdfast has no SFTP store yet and mounts the",
  "directory (dir:) that this sshd serves; to meet a hung server, it mounts what sshfs has mounted. Cause, file, calls and",
  "users are the same.",
];

const command = "npm run bench:refusal";
const text = `${command} -- [--rounds N] [CAUSE ...]
  Has a server say no in every way there is, to Holdfast, sshfs and rclone in turn, and prints one table: when whoever wrote
  hears of it, who else does, what is still shown, and what of the bytes can be had again. It needs root, installs sshfs,
  rclone and openssh-server where they are missing, and leaves nothing mounted.

  --rounds N   repeats everything N times, 1 to 99 (default 3)

  Causes (default: all):
${causes.map(({ name, how }) => `  ${`"${name}"`.padEnd(18)}${how}`).join("\n")}

  Exit status: 0 when all was tried, 1 when something failed, 2 when the arguments are wrong.`;

function readWords(): { readonly causes: readonly Cause[]; readonly roundCount: number } {
  const options = { rounds: { type: "string", default: "3" } } as const;
  const { values, names } = readArguments({
    command,
    text,
    options,
    names: causes.map(({ name }) => name),
    what: "cause",
  });
  const rounds = String(values.rounds);
  if (!/^[1-9]\d?$/.test(rounds)) misused(command, `--rounds wants a number from 1 to 99, not "${rounds}"`);
  return { causes: causes.filter(({ name }) => names.includes(name)), roundCount: Number(rounds) };
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
  return [...outcomes].map(([contender, of]) => rowOf(cause.name, contender.name, of));
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const asked = readWords();
if (process.getuid?.() !== 0) {
  console.error("bench:refusal: needs root: it mounts disks of its own and becomes several users");
  process.exit(1);
}
process.once("SIGINT", () => {
  isStopping = true;
  progress("ending after this trial");
});
const startMs = performance.now();
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
  const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
  console.log(`\nload at the end ${loadavg()[0]?.toFixed(1)}, ${asked.roundCount} rounds, ${minutes} minutes`);
} finally {
  await teardown();
}
