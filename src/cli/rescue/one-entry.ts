/** The entry that a person means, and what is said when it cannot be used. */
import { failureFrom } from "../../base/index.ts";
import type { RescueId } from "../../port/index.ts";
import type { Rescue, RescueEntry, WholeEntry } from "../../rescue/index.ts";
import { CommandError } from "../command-error.ts";

/** The whole entry whose id begins so; its bytes were checked. */
export async function requireWholeEntry(rescue: Rescue, beginning: string): Promise<WholeEntry> {
  const entry = await rescue.show(await findEntry(rescue, beginning));
  if (entry.state === "whole") return entry;
  throw complaintAbout(entry);
}

/** The one entry whose id begins so. */
export async function findEntry(rescue: Rescue, beginning: string): Promise<RescueId> {
  try {
    return await rescue.find(beginning);
  } catch (thrown) {
    const { code, detail, message } = failureFrom(thrown);
    throw new CommandError(code === "ENOENT" ? `${detail}; holdfast rescue list has them` : message);
  }
}

export function complaintAbout(entry: Exclude<RescueEntry, WholeEntry>): CommandError {
  if (entry.state === "damaged") return new CommandError(`entry ${entry.id} is damaged: ${entry.why}`);
  return new CommandError(
    `entry ${entry.id} was written by a newer version (format ${entry.format}); use that version`,
  );
}
