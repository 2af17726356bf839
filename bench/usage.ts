/** What a benchmark was asked for: `--help` is answered here, and what makes no sense ends in one line and exit status 2. */
import { type ParseArgsConfig, parseArgs } from "node:util";

export interface Usage {
  /** As it is typed: `npm run bench`. */
  readonly command: string;
  /** What `--help` prints. */
  readonly text: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** The names that may be given, and what they name. */
  readonly names: readonly string[];
  readonly what: string;
}

export interface Asked {
  readonly values: Readonly<Record<string, unknown>>;
  /** All names when none was given. */
  readonly names: readonly string[];
}

export function readArguments({ command, text, options, names, what }: Usage): Asked {
  // A reader that goes away, as in `| head`, is no failure.
  process.stdout.on("error", () => {});
  try {
    const all = { ...options, help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parseArgs({ options: all, allowPositionals: true });
    if (values.help === true) {
      console.log(text);
      process.exit(0);
    }
    const unknown = positionals.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new Error(`no such ${what}: ${unknown.join(", ")}`);
    return { values, names: positionals.length === 0 ? names : names.filter((name) => positionals.includes(name)) };
  } catch (thrown) {
    throw misused(command, (thrown as Error).message);
  }
}

/** Says in one line what is wrong, and ends the process. */
export function misused(command: string, message: string): never {
  console.error(`${command}: ${message.replace(/\. To specify.*/s, "")}; see ${command} -- --help`);
  process.exit(2);
}
