import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkout } from "../kit/checkout.ts";
import { attempt, MountedStore, run, treeSums } from "../kit/mounted-store.ts";

const commitsMin = 20;

/** The project's own repository; a checkout without one, or with a shallow one, is made into one of two dozen commits. */
async function repository(scratch: string): Promise<string> {
  const count = await attempt("git", ["-C", checkout, "rev-list", "--count", "HEAD"]);
  if (count.status === 0 && Number(count.stdout) >= commitsMin) return checkout;
  const made = join(scratch, "made");
  await mkdir(made);
  await run("git", ["init", "-q", "-b", "main", made]);
  for (const part of ["src", "test", "tools", "docs"])
    await cp(join(checkout, part), join(made, part), { recursive: true });
  for (let number = 1; number <= commitsMin + 4; number += 1) {
    await writeFile(join(made, `note-${number % 7}`), `note ${number}\n`.repeat(number));
    await run("git", ["-C", made, "add", "-A"]);
    await run("git", ["-C", made, "commit", "-q", "-m", `commit ${number}`]);
  }
  return made;
}

it("git clones, collects garbage, checks, logs and checks out a real repository", { timeout: 120_000 }, async () => {
  await using mounted = await MountedStore.start("git");
  const source = await repository(mounted.scratch);
  const clone = mounted.at("clone");
  const git = (...parameters: string[]): Promise<string> => run("git", ["-C", clone, ...parameters]);

  await run("git", ["clone", "-q", "--no-local", source, clone]);
  await git("fsck", "--full", "--strict");
  await git("gc", "-q", "--aggressive", "--prune=now");
  await git("fsck", "--full", "--strict");
  const commits = (await git("rev-list", "HEAD")).trim().split("\n");
  expect(commits.join("\n")).toBe((await run("git", ["-C", source, "rev-list", "HEAD"])).trim());
  expect((await git("log", "--oneline")).trim().split("\n")).toHaveLength(commits.length);
  await git("checkout", "-q", commits.at(-1) ?? "");
  await git("checkout", "-q", commits[Math.floor(commits.length / 2)] ?? "");
  await git("checkout", "-q", "-B", "work", commits[0] ?? "");
  await run("sh", ["-c", "echo changed > README.md && git add -A && git commit -q -m change"], { directory: clone });
  expect(await git("status", "--porcelain")).toBe("");

  await mounted.unmount();
  await mounted.mountAgain();
  expect(await git("status", "--porcelain")).toBe("");
  expect((await git("rev-list", "--count", "HEAD")).trim()).toBe(String(commits.length + 1));
  await mounted.unmount();

  const stored = mounted.inStore("clone");
  await run("git", ["-C", stored, "fsck", "--full", "--strict"]);
  expect(await run("git", ["-C", stored, "status", "--porcelain"])).toBe("");
  const again = join(mounted.scratch, "again");
  await run("git", ["clone", "-q", "--no-local", "--branch", "work", stored, again]);
  await run("rm", ["-rf", join(again, ".git"), join(stored, ".git")]);
  expect(await treeSums(stored)).toBe(await treeSums(again));
});
