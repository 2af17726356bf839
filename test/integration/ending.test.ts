/** How a mount ends when something is in the way: a store that hangs, signals, a log that cannot be written. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RunningMount, runHoldfast, runProgram } from "../kit/command.ts";
import { MountedStore } from "../kit/mounted-store.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import { StoppableStore } from "../kit/stoppable-store.ts";
import { until } from "../kit/until.ts";
import { Worker } from "../kit/worker.ts";

const isRoot = process.getuid?.() === 0;
const flags = ["--attribute-timeout", "1min"];
const endsMsMax = 15_000;

it("[S5.11] a log file on a full disk loses its lines, and the mount works, drains and ends well", async () => {
  const scratch = await scratchDirectory("full-log");
  const [store, point] = [join(scratch, "store"), join(scratch, "mount")];
  await mkdir(store);
  await mkdir(point);
  await using mount = await RunningMount.start(`dir:${store}`, point, ["--log-file", "/dev/full"]);
  await writeFile(join(point, "file"), "words");
  expect((await runHoldfast(["unmount", point])).status).toBe(0);
  const { status, stderr } = await mount.finished();
  expect(status).toBe(0);
  expect(stderr).toMatch(/^holdfast: the log file \/dev\/full cannot be written: .*ENOSPC.*\n$/);
  expect(await readFile(join(store, "file"), "utf8")).toBe("words");
  expect(await mountsBelow(scratch)).toEqual([]);
});

interface StuckMount extends AsyncDisposable {
  readonly store: StoppableStore;
  readonly mounted: MountedStore;
}

/** A mount whose store has stopped to answer, with a file that could not be sent. */
async function stuckMount(name: string, more: readonly string[] = []): Promise<StuckMount> {
  const scratch = await scratchDirectory(name);
  const store = await StoppableStore.start(scratch);
  const mounted = await MountedStore.start(name, [...flags, ...more], store.directory);
  const worker = await Worker.start(scratch, mounted.point);
  const file = await worker.do("open", "file", "w");
  await worker.do("write", file, "to be sent", 0);
  store.stop();
  await worker.kill();
  return {
    store,
    mounted,
    async [Symbol.asyncDispose]() {
      store.goOn();
      await mounted[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/**
 * Waits until the mount is over, which must come soon although its store hangs. Then the store goes on: the kernel lets no
 * process go whose files in such a store it cannot close.
 */
async function endsSoon({ mounted, store }: StuckMount): Promise<{ status: number | null; log: string }> {
  await until("the mount is over", () => / unmounted refused=\d+ standing=\d+\n/.test(mounted.mount.log), endsMsMax);
  expect(await mountsBelow(mounted.scratch)).not.toContain(mounted.point);
  store.goOn();
  const { status, stderr } = await mounted.mount.finished();
  return { status, log: stderr };
}

describe.skipIf(!isRoot)("a store that hangs (needs root to mount one that can be stopped)", () => {
  it("[G23] holds no unmount where nothing is unsent", async () => {
    const scratch = await scratchDirectory("nothing-unsent");
    await using store = await StoppableStore.start(scratch);
    await using mounted = await MountedStore.start("nothing-unsent", flags, store.directory);
    await writeFile(join(mounted.point, "file"), "sent");
    await runProgram("sync", [join(mounted.point, "file")]);
    store.stop();
    const { status, stderr } = await runHoldfast(["unmount", mounted.point]);
    store.goOn();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect((await mounted.mount.finished()).status).toBe(0);
  });

  it("[S5.11] a signal joins the unmount that drains, and the next one cuts it short", async () => {
    await using stuck = await stuckMount("second-signal");
    const { mount, point } = stuck.mounted;
    const unmount = runHoldfast(["unmount", point]);
    await until("the unmount drains", async () =>
      (await runHoldfast(["status", point])).stdout.includes(" draining, process"),
    );
    process.kill(mount.processId, "SIGTERM");
    await until("the signal is taken", () => mount.log.includes("draining and unmounting signal=SIGTERM"));
    process.kill(mount.processId, "SIGTERM");
    const { status, log } = await endsSoon(stuck);
    expect(status).toBe(1);
    expect(log).toContain("draining is cut short signal=SIGTERM");
    expect(log).toMatch(/bytes were left undelivered .*\/file/);
    expect(await unmount).toMatchObject({ status: 1, stderr: expect.stringContaining("/file") });
  });

  it("[S5.11] unmount --force joins the unmount that drains, and its time-out counts", async () => {
    await using stuck = await stuckMount("forced");
    const { point } = stuck.mounted;
    const patient = runHoldfast(["unmount", point]);
    await until("the unmount drains", async () =>
      (await runHoldfast(["status", point])).stdout.includes(" draining, process"),
    );
    const refused = await runHoldfast(["unmount", point]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("under way already") });
    const forced = await runHoldfast(["unmount", point, "--force", "--drain-timeout", "500ms"]);
    expect(forced).toMatchObject({ status: 1, stderr: expect.stringContaining("/file") });
    expect((await patient).status).toBe(1);
    expect((await endsSoon(stuck)).status).toBe(1);
  });

  it("[S5.2] [S5.10] [S5.11] [G2] [G23] a drain time-out bounds the whole end, and what was not sent is in rescue then", async () => {
    const rescue = join(await scratchDirectory("kept"), "rescue");
    await mkdir(rescue, { mode: 0o700 });
    await using stuck = await stuckMount("bounded", ["--drain-timeout", "1s", "--rescue", rescue]);
    process.kill(stuck.mounted.mount.processId, "SIGTERM");
    const { status, log } = await endsSoon(stuck);
    expect(status).toBe(1);
    expect(log).toMatch(/bytes were left undelivered .*not delivered: \/file; kept in rescue: \/file/);
    expect(log).toMatch(
      /\/file: 10 B \[0, 10\) of user 0 refused with ETIMEDOUT \(transient\); kept in rescue as \w+\n/,
    );
    const [id = ""] = /(?<=kept in rescue as )\w+/.exec(log) ?? [];
    const shown = await runHoldfast(["rescue", "show", "--rescue", rescue, "--bytes", id]);
    expect(shown).toMatchObject({ status: 0, stdout: "to be sent" });
  });

  it("[S5.11] unmounted from outside while a drain fails, it ends instead of serving nothing", async () => {
    await using stuck = await stuckMount("from-outside", ["--store-timeout", "3s"]);
    const { mount, point } = stuck.mounted;
    const unmount = runHoldfast(["unmount", point, "--drain-timeout", "2s"]);
    await until("the unmount drains", async () =>
      (await runHoldfast(["status", point])).stdout.includes(" draining, process"),
    );
    expect((await runProgram("umount", ["--internal-only", "--no-canonicalize", point])).status).toBe(0);
    const { status } = await endsSoon(stuck);
    expect(status).toBe(1);
    expect(mount.log).toContain("bytes were left undelivered");
    expect((await unmount).status).toBe(1);
  });
});
