/** The command that checks the models of docs/models: the quick ones of each order, and that it can fail. */
import { spawnSync } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runProgram } from "../kit/command.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lacksSpin = ["spin", "cc"].some((program) => spawnSync(program, ["--version"]).error !== undefined);

function checkModels(directory: string, names: readonly string[], path = process.env.PATH ?? "") {
  return runProgram(process.execPath, [join(directory, "tools", "models.js"), ...names], {
    environment: { PATH: path },
  });
}

describe.skipIf(lacksSpin)("the models of the excision (needs spin and cc)", () => {
  it("hold where they should, and mistakes are found", async () => {
    const names = ["defunct, two pages", "posted, a page has gone", "holdfast: FREES_BEFORE_RESCUE"];
    const checked = await checkModels(root, names);
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    expect(checked.stdout).toMatch(/^defunct, two pages +no later write is lost +\d+ +holds +holds$/m);
    expect(checked.stdout).toMatch(/^posted, a page has gone +everybody ends +\d+ +broken +broken$/m);
    expect(checked.stdout).toMatch(/^holdfast: FREES_BEFORE_RESCUE +no refused bytes are lost +\d+ +broken +broken$/m);
  });

  it("[S0.24] of the ways to mark a page that is about to go each of the thread's has the fault that it is said to have", async () => {
    const names = ["lock", "lock, behind the page lock", "clears", "defunct: FAULTS_ENTER_DEFUNCT"];
    const checked = await checkModels(root, names);
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    expect(checked.stdout).toMatch(/^lock +nobody waits for ever +\d+ +broken +broken$/m);
    expect(checked.stdout).toMatch(/^lock, behind the page lock +nobody waits for ever +\d+ +broken +broken$/m);
    expect(checked.stdout).toMatch(/^clears +no refused bytes come back +\d+ +broken +broken$/m);
    expect(checked.stdout).toMatch(/^defunct: FAULTS_ENTER_DEFUNCT +no refused bytes come back +\d+ +broken +broken$/m);
  });

  it("a model that is not what it is said to be is a surprise, and the command fails", async () => {
    const copy = await scratchDirectory("models");
    await cp(join(root, "docs", "models"), join(copy, "docs", "models"), { recursive: true });
    for (const file of ["models.js", "usage.js"]) await cp(join(root, "tools", file), join(copy, "tools", file));
    const path = join(copy, "docs", "models", "defunct.pml");
    const ordered = "page[p].writeback = 0;\n     lockPage(p);";
    const model = await readFile(path, "utf8");
    expect(model).toContain(ordered);
    await writeFile(path, model.replace(ordered, "lockPage(p);\n     page[p].writeback = 0;"));
    const checked = await checkModels(copy, ["defunct, two pages"]);
    expect(checked.status).toBe(1);
    expect(checked.stdout).toMatch(/^defunct, two pages +nobody waits for ever +\d+ +holds +broken +<-- SURPRISE$/m);
  });
});

it("without spin the models' command is one clear line", async () => {
  const checked = await checkModels(root, [], "/nonexistent");
  expect(checked).toMatchObject({ status: 1, stdout: "" });
  expect(checked.stderr).toBe("models: the program spin is needed: apt-get install spin gcc libc6-dev\n");
});
