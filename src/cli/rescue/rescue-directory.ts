/** Which rescue directory a command means, and opening it with words for a person. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { type Failure, failureFrom } from "../../base/index.ts";
import { openRescue, type Rescue, type RescueOptions } from "../../rescue/index.ts";
import { CommandError } from "../command-error.ts";
import type { OptionSpecification } from "../verb.ts";

export const rescueOption: OptionSpecification = {
  value: "DIR",
  summary:
    "The rescue directory, made beforehand and closed to others (mode 700). Default: holdfast/rescue below $XDG_STATE_HOME, root's /var/lib, or the user's ~/.local/state, made when a mount begins.",
};

/** Where refused bytes are kept unless a directory is given. */
export function defaultRescueDirectory(): string {
  const state = process.env.XDG_STATE_HOME;
  if (state !== undefined && isAbsolute(state)) return join(state, "holdfast", "rescue");
  if (process.geteuid?.() === 0) return "/var/lib/holdfast/rescue";
  return join(homedir(), ".local", "state", "holdfast", "rescue");
}

/** Opens the directory that was given, or the default one. Whatever is wrong with it is one clear line. */
export async function openRescueDirectory(given: string | undefined, options: RescueOptions = {}): Promise<Rescue> {
  const directory = given === undefined ? defaultRescueDirectory() : resolve(given);
  try {
    return await openRescue(directory, options);
  } catch (thrown) {
    const failure = failureFrom(thrown);
    if (failure.code !== "ENOENT") throw directoryError(failure, directory);
    if (given === undefined) throw new NothingRescued(`nothing was rescued yet: ${directory} does not exist`);
    // A mount, which keeps bytes there, says whose they are.
    if (options.storeUrl !== undefined) {
      throw new CommandError(`the rescue directory ${directory} does not exist; make it: mkdir -m 700 ${directory}`);
    }
    throw new CommandError(`there is no directory ${directory}, so nothing is kept there; look at the path`);
  }
}

/** The rescue directory of `list` and the others does not exist, and nobody said that it should. */
export class NothingRescued extends CommandError {}

function directoryError(failure: Failure, directory: string): CommandError {
  switch (failure.code) {
    case "EROFS":
      return new CommandError(`the rescue directory ${directory} is on a read-only disk; use another one`);
    case "ENOTDIR":
      return new CommandError(`the rescue directory ${directory} is not a directory; use another one`);
    default:
      return new CommandError(
        `the rescue directory ${directory} cannot be used: ${failure.message}; --rescue DIR names another one`,
      );
  }
}
