/** What a mount does when the store says no: the options of `mount` about it, and how they are read. */
import { resolve } from "node:path";
import type { ConflictChoice, RefusalAction, RefusalActions } from "../../cache/index.ts";
import { isRefusalClass, type RefusalClass, refusalClasses } from "../../port/index.ts";
import { UsageError } from "../command-error.ts";
import { parseDuration } from "../quantities.ts";
import { rescueOption } from "../rescue/rescue-directory.ts";
import type { OptionSpecification, VerbArguments } from "../verb.ts";

export interface RefusalSettings {
  /** Undefined for the default directory, which is made when it is missing. */
  readonly rescueDirectory: string | undefined;
  readonly refusalActions: Partial<RefusalActions>;
  readonly conflict: ConflictChoice;
  /** Undefined leaves it to the cache. */
  readonly retryDeadlineMs: number | undefined;
}

const actions: Readonly<Record<string, RefusalAction>> = {
  excise: "excise",
  "invalidate-lazily": "invalidateLazily",
  salvage: "salvage",
  "keep-dirty": "keepDirty",
};
const conflicts: Readonly<Record<string, ConflictChoice>> = {
  refuse: "refuse",
  "keep-both": "keepBoth",
  overwrite: "overwrite",
};

export const refusalOptions: Readonly<Record<string, OptionSpecification>> = {
  rescue: { value: "DIR", summary: `Where refused bytes are kept. ${rescueOption.summary}` },
  refusal: {
    value: "CLASS=ACTION,...",
    summary: [
      `What is done about a class of refusals (${refusalClasses.join(", ")}): ${Object.keys(actions).join(", ")}.`,
      "Default: keep-dirty for space, transient and local, excise for the others.",
    ].join(" "),
  },
  conflict: {
    value: "CHOICE",
    summary:
      "What is done with bytes of a file that others changed meanwhile: refuse (default), keep-both, or overwrite.",
  },
  "retry-deadline": { value: "TIME", summary: "How long bytes are kept dirty and sent again. Default 1h." },
};

export function readRefusalSettings({ values }: Pick<VerbArguments, "values">): RefusalSettings {
  const { rescue, refusal, conflict = "refuse" } = values;
  const retryDeadline = values["retry-deadline"];
  const choice = ownValue(conflicts, conflict);
  if (choice === undefined) {
    throw new UsageError(`--conflict is one of ${Object.keys(conflicts).join(", ")}, not "${conflict}"`);
  }
  return {
    rescueDirectory: rescue === undefined ? undefined : resolve(rescue),
    refusalActions: refusal === undefined ? {} : readActions(refusal),
    conflict: choice,
    retryDeadlineMs: retryDeadline === undefined ? undefined : parseDuration(retryDeadline, "--retry-deadline"),
  };
}

function readActions(text: string): Partial<RefusalActions> {
  const chosen: Partial<Record<RefusalClass, RefusalAction>> = {};
  for (const pair of text.split(",")) {
    const [name = "", action = "", ...rest] = pair.trim().split("=");
    const found = ownValue(actions, action);
    if (found === undefined || rest.length > 0 || !isRefusalClass(name)) {
      const example = "as in --refusal space=excise,media=salvage";
      throw new UsageError(
        `--refusal wants CLASS=ACTION, ${example}, with a class of ${refusalClasses.join(", ")} and an action of ${Object.keys(actions).join(", ")}; not "${pair}"`,
      );
    }
    if (chosen[name] !== undefined) throw new UsageError(`--refusal names the class ${name} twice`);
    chosen[name] = found;
  }
  return chosen;
}

function ownValue<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
