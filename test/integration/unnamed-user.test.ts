import { chmod, chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { commandPath, runHoldfast, runProgram } from "../kit/command.ts";
import { scratchDirectory } from "../kit/scratch.ts";

/** A number that no user of an ordinary machine has, as containers give one to their programs. */
const uid = 4242;

it.skipIf(process.getuid?.() !== 0)(
  "a user whom the machine has no name for can use the command (needs root to become one)",
  async (test) => {
    const scratch = await scratchDirectory("unnamed");
    for (const directory of [dirname(scratch), scratch]) await chmod(directory, 0o755);
    const runtime = join(scratch, "run");
    await mkdir(runtime, { mode: 0o700 });
    await chown(runtime, uid, uid);
    const options = { uid, directory: "/", environment: { XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: runtime } };
    const readable = await runProgram("test", ["-r", commandPath], options);
    if (readable.status !== 0) test.skip("needs a checkout that everybody may read");
    expect(await runHoldfast(["status"], options)).toMatchObject({ status: 0, stderr: "" });
  },
);
