/**
 * Documents and tests say the same: every requirement of docs/acceptance.md is listed once, what is done and every guarantee
 * of docs/semantics.md is cited by a test, and no test cites what is not there. And the command that compares them can fail.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function acceptance(...parameters: string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const tool = join(root, "tools", "acceptance.js");
    const child = execFile(process.execPath, [tool, ...parameters], (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

it("documents and titles of tests agree", async () => {
  expect(await acceptance("--citations")).toEqual({
    status: 0,
    output: expect.stringMatching(/^14\d ids, \d+ titles that cite them\n$/),
  });
});

describe("npm run acceptance", () => {
  let project = "";

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), "holdfast-acceptance-"));
    await mkdir(join(project, "test"));
    await cp(join(root, "docs"), join(project, "docs"), { recursive: true });
    // Of the real list one entry is left done, and one guarantee is given.
    await change("acceptance.md", (text) =>
      text.replaceAll(/(\*\*) done\. /g, "$1 open. *Missing:* all. ").replace("open. *Missing:* all. ", "done. "),
    );
    await change("semantics.md", (text) => text.replaceAll(/^- \*\*G(?!1\*).*$/gm, ""));
  });

  afterEach(() => rm(project, { recursive: true }));

  async function change(name: string, how: (text: string) => string): Promise<void> {
    const path = join(project, "docs", name);
    await writeFile(path, how(await readFile(path, "utf8")));
  }

  /** Judges a run that had these tests, as the test runner reports them. */
  async function judge(results: Readonly<Record<string, string>>): Promise<{ status: number; output: string }> {
    const titles = Object.keys(results);
    const source = titles.map((title) => `it(${JSON.stringify(title)}, () => undefined);\n`).join("");
    await writeFile(join(project, "test", "some.test.ts"), source);
    const assertionResults = titles.map((title) => ({ fullName: title, status: results[title] }));
    const report = {
      testResults: [{ name: join(project, "test", "some.test.ts"), status: "passed", assertionResults }],
    };
    await writeFile(join(project, "report.json"), JSON.stringify(report));
    return acceptance("--root", project, "--from", join(project, "report.json"));
  }

  const guarantee = { "[G1] a guarantee": "passed" };

  it("ends well when what is done has a test that passed and none that failed", async () => {
    const { status, output } = await judge({ ...guarantee, "[S0.1] some record": "passed" });
    expect(output).toMatch(/^S0\.1 +done .*\n +passed +test\/some\.test\.ts: \[S0\.1\] some record\n/m);
    expect(output).toMatch(/^requirements: 1 done, 117 open, 0 FAILING, of 118$/m);
    expect(output).toMatch(/^guarantees: 1 done, 0 open, 0 FAILING, of 1$/m);
    expect(status).toBe(0);
  });

  it.each([
    ["has no test", {}, "S0.1 is done, and no test of it passed"],
    ["has skipped tests only", { "[S0.1] one": "skipped", "[S0.1] two": "pending" }, "no test of it passed"],
    [
      "has a test that fails beside one that passes",
      { "[S0.1] one": "passed", "[S0.1] two": "failed" },
      "a test of it fails",
    ],
  ])("fails when what is done %s", async (_what, results, says) => {
    const { status, output } = await judge({ ...guarantee, ...results });
    expect(output).toContain(`wrong: S0.1 is done, and ${says.replace("S0.1 is done, and ", "")}`);
    expect(status).toBe(1);
  });

  it("fails when a guarantee has no test", async () => {
    const { status, output } = await judge({ "[S0.1] some record": "passed" });
    expect(output).toContain("wrong: G1 is done, and no test of it passed");
    expect(status).toBe(1);
  });

  it("does not mind failing tests of what is open", async () => {
    const { status, output } = await judge({ ...guarantee, "[S0.1] one": "passed", "[S5.14] a sum": "failed" });
    expect(output).toMatch(/^S5\.14 +open .*\n +failed +test\/some\.test\.ts: \[S5\.14\] a sum\n/m);
    expect(status).toBe(0);
  });

  it.each(["[S9.1] no such", "[S0.40] beyond", "[G2] not given", "[S0.1, S0.2] two at once"])(
    "fails when a title cites what is not there: %s",
    async (title) => {
      const { status, output } = await judge({ ...guarantee, "[S0.1] one": "passed", [title]: "passed" });
      expect(output).toContain(`: ${title}\n`);
      expect(status).toBe(1);
    },
  );

  it.each([
    ["lacks a requirement", (text: string) => text.replace("- **S3.4** ", "- "), "S3.4 has 0 entries"],
    ["has one twice", (text: string) => `${text}\n- **S3.4** done. Again.\n`, "S3.4 has 2 entries"],
    ["has one that nobody asked for", (text: string) => `${text}\n- **S6.1** done. More.\n`, "nobody asked for S6.1"],
    [
      "does not say its state",
      (text: string) => text.replace("**S3.4** open. ", "**S3.4** "),
      "S3.4 is neither done nor open",
    ],
    [
      "does not say what is missing",
      (text: string) => text.replace(/(\*\*S3\.4\*\* open\. .*?)\*Missing:\*/, "$1"),
      "S3.4 is open and says not why",
    ],
  ])("fails when the list %s", async (_what, how, says) => {
    await change("acceptance.md", how);
    const { status, output } = await judge({ ...guarantee, "[S0.1] one": "passed" });
    expect(output).toContain(says);
    expect(status).toBe(1);
  });

  it("fails when a mistake that must not come back has lost its test, or the list of them is gone", async () => {
    await judge({ ...guarantee, "[S0.26] another walk": "passed" });
    const lost = await acceptance("--root", project, "--citations");
    expect(lost.output).toMatch(/^wrong: .* has no test of S0\.26 called: takes along what lies behind /m);
    expect(lost.status).toBe(1);
    await change("acceptance.md", (text) => text.replace(/^## Mistakes that must not come back[\s\S]*?^(?=## )/m, ""));
    const none = await acceptance("--root", project, "--citations");
    expect(none.output).toContain("wrong: docs/acceptance.md: fewer than 10 mistakes are kept out");
  });

  it("fails when a requirement is done and there is no mistake to plant for it", async () => {
    await change("acceptance.md", (text) => text.replace("**S1.4** open. ", "**S1.4** done. "));
    const { status, output } = await acceptance("--root", project, "--citations");
    expect(output).toContain("wrong: S1.4 is done, and there is no mistake to plant for it\n");
    expect(output).not.toContain("S0.1 is done, and there is no mistake");
    expect(status).toBe(1);
  });

  it("fails when a file of tests could not run, or there is no report", async () => {
    await judge({ ...guarantee, "[S0.1] one": "passed" });
    const file = join(project, "report.json");
    const report = JSON.parse(await readFile(file, "utf8")) as { testResults: object[] };
    report.testResults.push({ name: join(project, "test", "torn.test.ts"), status: "failed", assertionResults: [] });
    await writeFile(file, JSON.stringify(report));
    const torn = await acceptance("--root", project, "--from", file);
    expect(torn).toEqual({ status: 1, output: expect.stringContaining("wrong: test/torn.test.ts could not run") });
    const none = await acceptance("--root", project, "--from", join(project, "none.json"));
    expect(none).toEqual({ status: 1, output: expect.stringContaining("no report of the tests in") });
  });

  it("refuses a command line that makes no sense", async () => {
    for (const parameters of [["--bogus"], ["--quick", "--citations"], ["S0.1"]]) {
      expect(await acceptance(...parameters)).toEqual({
        status: 2,
        output: expect.stringContaining("; see npm run acceptance -- --help"),
      });
    }
  });
});
