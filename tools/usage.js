/**
 * What a command of the project was asked for: `--help` is answered here, and an option that it does not know ends it with one
 * line and exit status 2.
 */
import { parseArgs } from "node:util";

/** Reads the arguments. `command` is what is typed, such as `npm run check`; `text` is what `--help` prints. */
export function readArguments(command, text, options = {}) {
  // A reader that goes away, as in `| head`, is no failure.
  process.stdout.on("error", () => {});
  try {
    const all = { ...options, help: { type: "boolean", short: "h" } };
    const { values, positionals } = parseArgs({ options: all, allowPositionals: true });
    if (values.help) {
      console.log(text);
      process.exit(0);
    }
    return { values, words: positionals };
  } catch (thrown) {
    return misused(command, thrown.message);
  }
}

/** Says in one line what is wrong, and ends the process. */
export function misused(command, message) {
  console.error(`${command}: ${message.replace(/\. To specify.*/s, "")}; see ${command} -- --help`);
  process.exit(2);
}
