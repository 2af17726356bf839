/** The rows of the table: one for a cause and a contender, all its rounds in one. */
import { grouped } from "../report.ts";
import { unanswered } from "./calls.ts";
import type { Outcome } from "./trial.ts";

export const columns: readonly string[] = [
  "cause",
  "mount",
  "s to the first error",
  "writer heard",
  "other handle heard",
  "stale, open handle",
  "stale, new open",
  "size",
  "others' bytes destroyed",
  "on the server",
  "kept",
  "on the server in the end",
];

export function rowOf(cause: string, contender: string, rounds: readonly (Outcome | Error)[]): string[] {
  const whole = rounds.filter((round): round is Outcome => !(round instanceof Error));
  const [failure] = rounds.filter((round): round is Error => round instanceof Error);
  if (whole.length === 0) return [cause, contender, `failed: ${failure?.message.split("\n")[0]}`];
  const each = (cell: (outcome: Outcome) => string): string => [...new Set(whole.map(cell))].join(" / ");
  return [
    cause,
    contender,
    seconds(whole),
    each(({ writerHeard }) => writerHeard),
    each(({ otherHeard }) => otherHeard),
    each(({ shown }) => count(shown.staleByHandle)),
    each(({ shown }) => count(shown.staleByName)),
    each(sizeOf),
    each(({ destroyedBytes }) => grouped(destroyedBytes)),
    each(({ storedBytes, takenBytes }) => `${grouped(storedBytes)} of ${grouped(takenBytes)}`),
    each(keptIn),
    each(inTheEnd),
  ];
}

/** The fastest and the slowest round. Where no call told anything: why, as far as it is known. */
function seconds(rounds: readonly Outcome[]): string {
  const told = rounds.map(({ firstErrorSeconds }) => firstErrorSeconds).filter((second) => second !== undefined);
  if (told.length === rounds.length) return spread(told);
  const logged = rounds.map((round) => round.logged?.seconds).filter((second) => second !== undefined);
  const reasons = new Set(rounds.filter((round) => round.firstErrorSeconds === undefined).map(whyNone));
  const inLog = logged.length === 0 ? [] : [`its log after ${spread(logged)}`];
  return [...(told.length === 0 ? [] : [spread(told)]), ...reasons, ...inLog].join("; ");
}

function whyNone({ storedBytes, takenBytes, writerHeard }: Outcome): string {
  if (writerHeard.includes(unanswered)) return "none while it hung";
  return storedBytes === takenBytes ? "not refused" : "never";
}

function spread(values: readonly number[]): string {
  const [least, most] = [Math.min(...values).toFixed(2), Math.max(...values).toFixed(2)];
  return least === most ? least : `${least} to ${most}`;
}

const count = (bytes: number | undefined): string => (bytes === undefined ? "no answer" : grouped(bytes));

function sizeOf({ shown }: Outcome): string {
  if (shown.isStuck) return "no answer";
  if (shown.size === shown.sizeAtServer) return "right";
  const told = (size: number | undefined): string => (size === undefined ? "no file" : grouped(size));
  return `wrong: ${told(shown.size)}, server ${told(shown.sizeAtServer)}`;
}

function keptIn({ kept, storedBytes, takenBytes }: Outcome): string {
  if (kept.length > 0) return kept.map(({ where, bytes }) => `${where} ${grouped(bytes)}`).join(", ");
  return storedBytes === takenBytes ? "" : "nowhere";
}

function inTheEnd({ broughtBack, storedBytes, takenBytes }: Outcome): string {
  const all = broughtBack.bytes === takenBytes ? "all" : grouped(broughtBack.bytes);
  return broughtBack.bytes === storedBytes ? all : `${all}, ${broughtBack.how}`;
}
