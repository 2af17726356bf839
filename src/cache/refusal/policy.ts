/**
 * What is done with refused bytes: an option for each class of refusal. Whatever it is, the bytes are rescued before they
 * leave the cache, and the refusal joins the file's error sequence once, with one event.
 *
 * **Excise**: the bytes go to rescue; then exactly they leave the cache, the size winds back if they had moved the end of the
 * file, and whoever reads next sees the store's bytes. Bytes written after the refusal stay and get their own try.
 *
 * **Invalidate lazily** (NFS): the bytes go to rescue, and readers that are under way go on seeing them. At the next read,
 * write or getattr what else is dirty is sent, the attributes are asked for, and everything clean starts over, the size too.
 *
 * **Salvage**: the bytes go to rescue and stay in the cache as well, clean, until reclaim or an invalidation takes them, and
 * the size stays: for a medium that is out and cannot be read either, so that programs keep what they were looking at.
 *
 * **Keep dirty**: nothing is refused yet. The bytes are dirty again and sent again with growing pauses. After the deadline
 * of the retries they are excised; what was out of reach counts as a broken medium then.
 *
 * A conflict has a choice before that: *refuse* does what the class's action says; *keep both* has the owner of the file write
 * the bytes to a copy beside it, and rescues them where that fails; *overwrite* sends them again at the version that was found.
 */
import { Failure, type Milliseconds } from "../../base/index.ts";
import type { RefusalClass, RescueSink } from "../../port/index.ts";

export type RefusalAction = "excise" | "invalidateLazily" | "salvage" | "keepDirty";
export type ConflictChoice = "refuse" | "keepBoth" | "overwrite";
export type RefusalActions = Readonly<Record<RefusalClass, RefusalAction>>;

export interface RefusalOptions {
  /** Where refused bytes are kept. Without one, and while it fails, they stay in memory, marked refused. Default null. */
  readonly rescue: RescueSink | null;
  /** How long `rescue` may take before the bytes count as not rescued. Default 30,000. */
  readonly rescueDeadlineMs: Milliseconds;
  /** What is done about each class; a class that is left out has its default. */
  readonly refusalActions: Partial<RefusalActions>;
  /** What is done about bytes that were written on a version the file is no longer at. Default "refuse". */
  readonly conflict: ConflictChoice;
  /** How long bytes are kept dirty and sent again. Default 3,600,000; Infinity for ever. */
  readonly retryDeadlineMs: Milliseconds;
}

const actionsDefault: RefusalActions = {
  permission: "excise",
  conflict: "excise",
  media: "excise",
  gone: "excise",
  integrity: "excise",
  space: "keepDirty",
  transient: "keepDirty",
  local: "keepDirty",
};
const actionNames: readonly unknown[] = ["excise", "invalidateLazily", "salvage", "keepDirty"];
const conflictNames: readonly unknown[] = ["refuse", "keepBoth", "overwrite"];

/** The settings with defaults filled in; EINVAL with a sentence for a person when one makes no sense. */
export function completeRefusalOptions(options: Partial<RefusalOptions>): RefusalOptions {
  const { rescue = null, rescueDeadlineMs = 30_000, refusalActions = {}, conflict = "refuse" } = options;
  const { retryDeadlineMs = 3_600_000 } = options;
  for (const [name, action] of Object.entries(refusalActions)) {
    if (!Object.hasOwn(actionsDefault, name)) {
      throw invalid(`"${name}" is no class of refusals: give one of ${Object.keys(actionsDefault).join(", ")}`);
    }
    if (!actionNames.includes(action)) {
      throw invalid(`"${action}" is nothing to do about a refusal: give one of ${actionNames.join(", ")}`);
    }
  }
  if (!conflictNames.includes(conflict)) {
    throw invalid(`"${conflict}" is no choice for a conflict: give one of ${conflictNames.join(", ")}`);
  }
  if (!(rescueDeadlineMs > 0)) throw invalid(`a rescue deadline of ${rescueDeadlineMs} ms must be above 0`);
  if (!(retryDeadlineMs >= 0)) throw invalid(`a retry deadline of ${retryDeadlineMs} ms must not be below 0`);
  return { rescue, rescueDeadlineMs, refusalActions, conflict, retryDeadlineMs };
}

export function actionFor(options: RefusalOptions, refusalClass: RefusalClass): RefusalAction {
  return options.refusalActions[refusalClass] ?? actionsDefault[refusalClass];
}

/** What becomes of bytes that could not be sent: they are dirty again, or refused as what. */
export type RefusalVerdict =
  | { readonly outcome: "keepDirty"; readonly refusalClass: RefusalClass }
  | { readonly outcome: "refuse"; readonly refusalClass: RefusalClass; readonly action: SettledAction };

export type SettledAction = Exclude<RefusalAction, "keepDirty">;

/** The verdict on bytes that have been failing for so long. */
export function judge(options: RefusalOptions, refusalClass: RefusalClass, failingForMs: Milliseconds): RefusalVerdict {
  const action = actionFor(options, refusalClass);
  if (action !== "keepDirty") return { outcome: "refuse", refusalClass, action };
  if (failingForMs < options.retryDeadlineMs) return { outcome: "keepDirty", refusalClass };
  return afterDeadline(options, refusalClass);
}

function afterDeadline(options: RefusalOptions, refusalClass: RefusalClass): RefusalVerdict {
  const isOutOfReach = refusalClass === "transient" || refusalClass === "local";
  const now: RefusalClass = isOutOfReach ? "media" : refusalClass;
  const action = actionFor(options, now);
  return { outcome: "refuse", refusalClass: now, action: action === "keepDirty" ? "excise" : action };
}

function invalid(detail: string): Failure {
  return new Failure("EINVAL", { detail });
}
