/** The entry that a person means, and what is said when it cannot be used. */
import type { Rescue, RescueEntry, WholeEntry } from "../../rescue/index.ts";
import { CommandError } from "../command-error.ts";

/** The whole entry whose id begins so; its bytes were checked. */
export async function requireWholeEntry(rescue: Rescue, beginning: string): Promise<WholeEntry> {
  const entry = await rescue.show(await rescue.find(beginning));
  if (entry.state === "whole") return entry;
  throw complaintAbout(entry);
}

export function complaintAbout(entry: Exclude<RescueEntry, WholeEntry>): CommandError {
  if (entry.state === "damaged") return new CommandError(`entry ${entry.id} is damaged: ${entry.why}`);
  return new CommandError(
    `entry ${entry.id} was written by a newer version (format ${entry.format}); use that version`,
  );
}
