/** Runs a program to its end and answers what it printed; a failure tells what it said. */
import { spawn } from "node:child_process";

export interface RunOptions {
  readonly msMax?: number;
  readonly directory?: string;
}

export function run(words: readonly string[], options: RunOptions = {}): Promise<string> {
  const [program, ...parameters] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program as string, parameters, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.msMax ?? 300_000,
      killSignal: "SIGKILL",
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (piece) => (out += piece));
    child.stderr.on("data", (piece) => (err += piece));
    child.once("error", reject);
    child.once("close", (status, signal) => {
      if (status === 0) resolve(out);
      else reject(new Error(`${words.join(" ")}: ended with ${status ?? signal}\n${err}${out}`));
    });
  });
}

/** Milliseconds that a program takes. */
export async function timed(words: readonly string[], options: RunOptions = {}): Promise<number> {
  const startMs = performance.now();
  await run(words, options);
  return performance.now() - startMs;
}
