/** The project's own commands as a person types them: their help, what they say of arguments they do not know, and a short reader. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandPath, runHoldfast, runProgram } from "../kit/command.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import { until } from "../kit/until.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function runTool(file: string, ...words: string[]) {
  return runProgram(process.execPath, [join(root, "tools", file), ...words]);
}

describe.each([
  ["npm run check", "check.js"],
  ["npm run gates", "gates.js"],
  ["npm run acceptance", "acceptance.js"],
  ["npm run check:models", "models.js"],
  ["npm run races", "races.js"],
  ["npm run demo", "demo.js"],
])("%s", (command, file) => {
  it("tells how it is used, and does nothing else", async () => {
    const told = await runTool(file, "--help");
    expect(told).toMatchObject({ status: 0, stderr: "" });
    expect(told.stdout.startsWith(command)).toBe(true);
  });

  it("refuses what it does not know in one line", async () => {
    for (const word of ["--unheard-of", "unheard-of"]) {
      const refused = await runTool(file, word);
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toMatch(/^npm run .*unheard-of.*; see npm run .* -- --help\n$/);
    }
  });
});

it("the races' command plays nothing in silence: an id that no race has is refused", async () => {
  for (const id of ["S9.9", "S0.R3"]) {
    const refused = await runTool("races.js", "S0.R7", id);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toBe(
      `npm run races: no race has the id ${id}; test/races/catalogue.ts says what is open, and why; see npm run races -- --help\n`,
    );
  }
});

it("a reader that goes away ends neither the demonstration nor the command with a trace", async () => {
  const environment = { node: process.execPath, demo: join(root, "tools", "demo.js"), command: commandPath };
  const pipes = ['"$node" "$demo" | head -n 1', '"$node" "$command" --help | head -n 1'];
  for (const pipe of pipes) {
    const read = await runProgram("sh", ["-c", pipe], { environment });
    expect(read, pipe).toMatchObject({ status: 0, stderr: "" });
  }
}, 120_000);

describe("npm start", () => {
  it("tells how it is used, and makes no demonstration for that", async () => {
    const data = await scratchDirectory("start-help");
    const start = join(root, "tools", "start.js");
    const told = await runProgram(process.execPath, [start, "--help"], { environment: { XDG_DATA_HOME: data } });
    expect(told).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Usage: holdfast mount URL DIR/),
    });
    expect(await readdir(data)).toEqual([]);
  });

  it("serves on when whoever read its words has gone", async () => {
    const scratch = await scratchDirectory("start-unread");
    const point = join(scratch, "mount");
    await mkdir(point);
    const environment = { node: process.execPath, start: join(root, "tools", "start.js"), point };
    const pipe = '("$node" "$start" mem: "$point" --log-level error; echo "status $?" >&2) | head -c 0';
    const served = runProgram("sh", ["-c", pipe], { environment });
    await until("it is mounted", async () => (await mountsBelow(scratch)).includes(point));
    await until("it is served", async () => (await runHoldfast(["status", point])).status === 0);
    expect(await runHoldfast(["unmount", point])).toMatchObject({ status: 0 });
    expect(await served).toMatchObject({ stderr: "status 0\n" });
  });
});
