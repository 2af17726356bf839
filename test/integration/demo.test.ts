/** The stories that `npm run demo` tells are true: the facts of each, and that the script tells them all. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { conflictStory } from "../../demo/conflict.ts";
import { mediumStory } from "../../demo/medium.ts";
import { permissionStory } from "../../demo/permission.ts";
import { Narrator, openStage } from "../../demo/stage.ts";

const root = join(import.meta.dirname, "..", "..");
const run = promisify(execFile);
const inSilence = new Narrator(() => undefined);

describe("the demonstration", () => {
  beforeAll(
    () => run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "demo"]),
    120_000,
  );

  it("[S0.7] [S0.8] [S0.10] [S5.2] [S5.8] permission is taken away, everybody hears, and the bytes come back", async () => {
    await using stage = await openStage();
    const story = await permissionStory(stage, inSilence);
    expect(story.sizeWritten).toBe(44);
    const [first, second, reader, again] = story.answers;
    for (const answer of [first, second, reader]) expect(answer).toMatch(/^EACCES: .*kept in rescue as /);
    expect(again).toBe("done");
    expect(story.contentAfter).toBe("What the server has.");
    expect(story.sizeAfter).toBe(20);
    expect(story.rescued).toBe(" And what client 1 adds.");
    expect(story.restored).toBe("What the server has. And what client 1 adds.");
    expect(await stage.rescue.list()).toEqual([]);
  });

  it("[S5.4] a conflict overwrites nobody, and restoring it by mistake does not either", async () => {
    await using stage = await openStage();
    const story = await conflictStory(stage, inSilence);
    expect(story.answer).toMatch(/^ESTALE: .*conflict; the bytes are kept in rescue as /);
    expect(story.contentAfter).toBe("Meet at four, by the river.");
    expect(story.rescued).toBe("two! ");
    expect(story.restoreAnswer).toMatch(/^ESTALE: /);
    expect(await stage.rescue.list()).toHaveLength(1);
  });

  it("[S1.10] [S1.11] a medium that was out gets what is its own, and another one nothing", async () => {
    await using stage = await openStage();
    const story = await mediumStory(stage, inSilence);
    expect(story.answer).toMatch(/^ENOMEDIUM: .*media; the bytes are kept in rescue as /);
    expect(story.parked).toBe("Monday. Tuesday.");
    expect(story.onTheOther).toEqual([]);
    expect(story.afterReturn).toBe("Monday. Tuesday.");
    expect(story.entriesLeft).toBe(0);
  });

  it("is told by the script from beginning to end", async () => {
    const { stdout } = await run(process.execPath, [join(root, "dist", "demo", "run.js")], { timeout: 60_000 });
    for (const title of ["Act 1: permission is taken away", "Act 2: a conflict", "Act 3: a medium is taken out"])
      expect(stdout).toContain(title);
  });
});
