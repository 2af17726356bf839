/**
 * Reads what `strace -f -y -s 0` wrote, one system call at a time. A call that another process interrupted stands in two
 * lines ("<unfinished ...>", "<... read resumed>"), which are joined; it counts where it ended.
 */

/** One successful call. */
export interface SystemCall {
  readonly process: number;
  readonly name: string;
  /** The arguments as strace prints them, split at the commas between them. */
  readonly arguments: readonly string[];
  readonly result: number;
  /** The path that strace adds to a descriptor that a call answers with. */
  readonly resultPath: string | undefined;
}

/** Yields the successful calls of a recording in order. */
export function* callsOf(lines: Iterable<string>): Generator<SystemCall> {
  const unfinished = new Map<number, string>();
  for (const line of lines) {
    const space = line.indexOf(" ");
    const process = Number(line.slice(0, space));
    let text = line.slice(space).trimStart();
    if (!Number.isInteger(process) || text.startsWith("+++") || text.startsWith("---")) continue;
    if (text.endsWith("<unfinished ...>")) {
      unfinished.set(process, text.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    if (resumed !== null) {
      text = (unfinished.get(process) ?? "") + text.slice(resumed[0].length);
      unfinished.delete(process);
    }
    const call = callOf(process, text);
    if (call !== undefined) yield call;
  }
}

function callOf(process: number, text: string): SystemCall | undefined {
  const matched = /^(\w+)\((.*)\)\s+= (0x[0-9a-f]+|\d+)(?:<(.*)>)?/.exec(text);
  if (matched === null) return undefined;
  const [, name, list, result, resultPath] = matched;
  return {
    process,
    name: name as string,
    arguments: (list as string).split(", "),
    result: Number(result),
    resultPath,
  };
}

/** The descriptor in an argument such as `3</srv/data>`. */
export function descriptorOf(argument: string | undefined): number {
  return Number.parseInt(argument ?? "", 10);
}

/** The path in an argument such as `3</srv/data>` or `AT_FDCWD</srv>`. */
export function decorationOf(argument: string | undefined): string | undefined {
  return /<(.*)>$/.exec(argument ?? "")?.[1];
}

/** The text in an argument such as `"name"`. */
export function stringOf(argument: string | undefined): string {
  return argument?.startsWith('"') === true ? argument.slice(1, argument.lastIndexOf('"')) : "";
}
