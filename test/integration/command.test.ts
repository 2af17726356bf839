import { mkdir, open, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { commandPath, RunningMount, runHoldfast, runProgram } from "../kit/command.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import { until } from "../kit/until.ts";

let scratch = "";
let store = "";
let point = "";

beforeEach(async () => {
  scratch = await scratchDirectory("command");
  store = join(scratch, "store");
  point = join(scratch, "mount");
  await mkdir(store);
  await mkdir(point);
});

describe("mount in the foreground", () => {
  it("[G23] is ready when it says so, and SIGTERM drains and unmounts", async () => {
    await writeFile(join(store, "before"), "from the store");
    await using mount = await RunningMount.start(`dir:${store}`, point);
    expect(await readFile(join(point, "before"), "utf8")).toBe("from the store");
    await writeFile(join(point, "after"), "from the mount");
    const { status, stdout } = await mount.stop("SIGTERM");
    expect(status).toBe(0);
    expect(stdout).toBe(`holdfast: mounted dir:${store} at ${point}\n`);
    expect(await readFile(join(store, "after"), "utf8")).toBe("from the mount");
    expect(await mountsBelow(scratch)).toEqual([]);
  });

  it("[G23] ends the same way on SIGINT, and on umount from outside", async () => {
    await using first = await RunningMount.start(`dir:${store}`, point);
    await writeFile(join(point, "a"), "1");
    expect((await first.stop("SIGINT")).status).toBe(0);
    await using second = await RunningMount.start(`dir:${store}`, point);
    await writeFile(join(point, "b"), "2");
    expect((await runProgram("umount", [point])).status).toBe(0);
    expect((await second.finished()).status).toBe(0);
    expect(await readFile(join(store, "b"), "utf8")).toBe("2");
    expect(await mountsBelow(scratch)).toEqual([]);
  });

  it("mounts a store in memory", async () => {
    await using mount = await RunningMount.start("mem:", point);
    await writeFile(join(point, "note"), "kept in memory");
    expect(await readFile(join(point, "note"), "utf8")).toBe("kept in memory");
    expect((await mount.stop()).status).toBe(0);
  });

  it("goes on when nobody reads what it prints any more", async () => {
    const script = '("$node" "$command" mount mem: "$point" 2>&1; echo "$?" > "$scratch/status") | head -n 1';
    const environment = { node: process.execPath, command: commandPath, point, scratch };
    const shell = runProgram("sh", ["-c", script], { environment });
    await until("the mount", async () => (await mountsBelow(scratch)).includes(point));
    await writeFile(join(point, "note"), "still served");
    expect((await runHoldfast(["unmount", point])).status).toBe(0);
    await shell;
    expect(await readFile(join(scratch, "status"), "utf8")).toBe("0\n");
  });

  it("refuses writes to a mount for reading only", async () => {
    await writeFile(join(store, "fixed"), "as it is");
    await using mount = await RunningMount.start(`dir:${store}`, point, ["--read-only"]);
    await expect(writeFile(join(point, "fixed"), "changed")).rejects.toMatchObject({ code: "EROFS" });
    expect(await readFile(join(point, "fixed"), "utf8")).toBe("as it is");
    expect((await mount.stop()).status).toBe(0);
  });

  it("logs JSON, each line with time, level and message", async () => {
    await using mount = await RunningMount.start(`dir:${store}`, point, [
      "--log-format",
      "json",
      "--log-level",
      "debug",
    ]);
    const { stderr } = await mount.stop();
    const lines = stderr.trim().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      const record: unknown = JSON.parse(line);
      expect(record).toMatchObject({
        time: expect.stringMatching(/Z$/),
        level: expect.stringMatching(/^(error|warn|info|debug)$/),
        message: expect.any(String),
      });
    }
  });
});

describe("mount --daemon", () => {
  it("returns once mounted; status and unmount find it", async () => {
    const started = await runHoldfast(["mount", `dir:${store}`, point, "--daemon"]);
    expect(started).toMatchObject({ status: 0, stdout: `holdfast: mounted dir:${store} at ${point}\n`, stderr: "" });
    await writeFile(join(point, "file"), "x".repeat(100_000));
    const status = await runHoldfast(["status", point, "--json"]);
    expect(status.status).toBe(0);
    const { mounts } = JSON.parse(status.stdout) as { mounts: Record<string, unknown>[] };
    expect(mounts).toHaveLength(1);
    expect(mounts[0]).toMatchObject({ directory: point, url: `dir:${store}`, state: "serving", openFiles: [] });
    expect((await runHoldfast(["status"])).stdout).toContain(`${point}  dir:${store}  serving`);
    const unmounted = await runHoldfast(["unmount", point]);
    expect(unmounted).toMatchObject({ status: 0, stdout: expect.stringContaining(`holdfast: unmounted ${point}`) });
    expect(await readFile(join(store, "file"), "utf8")).toHaveLength(100_000);
    expect(await mountsBelow(scratch)).toEqual([]);
    expect((await runHoldfast(["status"])).stdout).not.toContain(point);
  });

  it("is found by a session that knows XDG_RUNTIME_DIR, although the one that mounted did not", async () => {
    const started = await runHoldfast(["mount", `dir:${store}`, point, "--daemon"], {
      environment: { XDG_RUNTIME_DIR: "" },
    });
    expect(started).toMatchObject({ status: 0, stderr: "" });
    expect((await runHoldfast(["status"])).stdout).toContain(`${point}  dir:${store}  serving`);
    expect((await runHoldfast(["refusals", point])).status).toBe(0);
    expect(await runHoldfast(["unmount", point])).toMatchObject({ status: 0, stderr: "" });
    expect(await mountsBelow(scratch)).toEqual([]);
  });

  it("takes its log away when it ended well", async () => {
    const environment = { XDG_RUNTIME_DIR: scratch };
    const left = () => readdir(join(scratch, "holdfast"));
    await runHoldfast(["mount", `dir:${store}`, point, "--daemon"], { environment });
    expect((await left()).map((name) => name.replace(/^[0-9a-f]+/, "")).sort()).toEqual([".json", ".log", ".sock"]);
    expect((await runHoldfast(["unmount", point], { environment })).status).toBe(0);
    await until("nothing is left in the runtime directory", async () => (await left()).length === 0);
  });

  it("passes on what goes wrong before it is ready, with the exit status", async () => {
    const failed = await runHoldfast(["mount", `dir:${store}/none`, point, "--daemon"]);
    expect(failed).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^holdfast: .*does not exist.*\n$/),
    });
    expect(await mountsBelow(scratch)).toEqual([]);
  });
});

describe("unmount while files are open", () => {
  it("[G23] names them and stays mounted; works once they are closed", async () => {
    await using mount = await RunningMount.start(`dir:${store}`, point);
    const file = await open(join(point, "held"), "w");
    await file.write("half a sentence");
    const refused = await runHoldfast(["unmount", point]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain("/held: open file of process");
    expect(refused.stderr).toMatch(/^holdfast: .* is busy and stays mounted.*\n$/);
    await file.write(", and the rest");
    await file.close();
    expect((await runHoldfast(["unmount", point])).status).toBe(0);
    expect((await mount.finished()).status).toBe(0);
    expect(await readFile(join(store, "held"), "utf8")).toBe("half a sentence, and the rest");
  });

  it("writes odd names so that a terminal can show them, a name a line", async () => {
    await using mount = await RunningMount.start(`dir:${store}`, point);
    const file = await open(join(point, "a\n\u001b[2J"), "w");
    const shown = String.raw`a\n\u001b[2J`;
    const { stdout: status } = await runHoldfast(["status", point]);
    expect(status).toContain(`"/${shown}"  for write`);
    const { stdout: users } = await runHoldfast(["unmount", point]);
    expect(users).toContain(`${shown}": open file of process`);
    expect(status + users).not.toContain("\u001b");
    await file.close();
    expect((await mount.stop()).status).toBe(0);
  });

  it("goes with --force, and has delivered what was written", async () => {
    await using mount = await RunningMount.start(`dir:${store}`, point);
    const file = await open(join(point, "held"), "w");
    await file.write("written before");
    expect((await runHoldfast(["unmount", "--force", point])).status).toBe(0);
    await mount.finished();
    await file.close().catch(() => {});
    expect(await readFile(join(store, "held"), "utf8")).toBe("written before");
    expect(await mountsBelow(scratch)).toEqual([]);
  });
});

describe("a killed server", () => {
  async function killed(): Promise<void> {
    const mount = await RunningMount.start(`dir:${store}`, point);
    await mount.stop("SIGKILL");
    await until(
      "the dead mount",
      async () => (await readFile(join(point, "x")).catch((error: NodeJS.ErrnoException) => error.code)) === "ENOTCONN",
    );
    expect(await mountsBelow(scratch)).toEqual([point]);
  }

  it("[G24] leaves a mount that status calls dead and unmount clears", async () => {
    await killed();
    expect((await runHoldfast(["status", point])).stdout).toContain("dead: its server ended");
    const cleared = await runHoldfast(["unmount", point]);
    expect(cleared).toMatchObject({ status: 0, stdout: expect.stringContaining("cleared the dead mount") });
    expect(await mountsBelow(scratch)).toEqual([]);
  });

  it("[G24] leaves a mount that the next mount clears", async () => {
    await killed();
    await using mount = await RunningMount.start(`dir:${store}`, point);
    await writeFile(join(point, "again"), "works");
    expect((await mount.stop()).status).toBe(0);
    expect(await readFile(join(store, "again"), "utf8")).toBe("works");
  });
});

/**
 * Becomes nobody in a mount namespace of its own, where everybody may open /dev/fuse, as udev lets them on a whole machine;
 * mounts, uses the mount, and unmounts.
 */
const asNobody = `
set -e
cd "$scratch"
chown 65534:65534 store mount run
mkdir devices && mount -t tmpfs -o dev none devices
mknod devices/fuse c 10 229 && chmod 666 devices/fuse && mount --bind devices/fuse /dev/fuse
exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -e -c '
  "$node" "$command" mount dir:store mount --daemon
  echo mine > mount/file && cat mount/file && stat -c "owner %u" mount/file
  grep -c " $scratch/mount fuse.holdfast " /proc/mounts
  "$node" "$command" unmount mount'
`;

describe("an ordinary user", () => {
  it.skipIf(process.getuid?.() !== 0)("mounts through fusermount3 (needs root to become one)", async () => {
    const runtime = join(scratch, "run");
    await mkdir(runtime);
    await runProgram("chmod", ["755", scratch, join(scratch, "..")]);
    const environment = {
      scratch,
      node: process.execPath,
      command: commandPath,
      XDG_RUNTIME_DIR: runtime,
      XDG_STATE_HOME: runtime,
    };
    const used = await runProgram("unshare", ["--mount", "sh", "-c", asNobody], { environment });
    expect(used.stderr).toBe("");
    expect(used.stdout.split("\n")).toEqual([
      "holdfast: mounted dir:store at mount",
      "mine",
      "owner 65534",
      "1",
      `holdfast: unmounted ${point}`,
      "",
    ]);
    expect(used.status).toBe(0);
    expect(await readFile(join(store, "file"), "utf8")).toBe("mine\n");
  });
});

describe("the server", () => {
  it("leaves the working directory it was started in, when it is a daemon", async () => {
    await runHoldfast(["mount", `dir:${store}`, point, "--daemon"], { directory: scratch });
    const { stdout } = await runHoldfast(["status", point, "--json"]);
    const { mounts } = JSON.parse(stdout) as { mounts: { processId: number }[] };
    const workingDirectory = () => readlink(`/proc/${mounts[0]?.processId}/cwd`);
    expect(await workingDirectory()).toBe("/");
    expect((await runHoldfast(["unmount", point])).status).toBe(0);
    await until("the server has ended", () =>
      workingDirectory().then(
        () => false,
        () => true,
      ),
    );
  });
});
