import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkout } from "../kit/checkout.ts";
import { runHoldfast } from "../kit/command.ts";
import { MountedStore, run } from "../kit/mounted-store.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import { StoppableStore } from "../kit/stoppable-store.ts";
import { until } from "../kit/until.ts";
import { Worker } from "../kit/worker.ts";

const isRoot = process.getuid?.() === 0;

/** Whether a process sits in the kernel, waiting for an answer of the mount. */
async function waitsForMount(processId: number): Promise<boolean> {
  const waiting = await readFile(`/proc/${processId}/wchan`, "utf8");
  return /fuse|request_wait_answer/.test(waiting);
}

function blocked(worker: Worker): Promise<void> {
  return until("the worker waits for the mount", () => waitsForMount(worker.processId));
}

describe.skipIf(!isRoot)("a store that stops answering (needs root to mount one that can be stopped)", () => {
  it("[G13] a waiting call ends with EINTR when it is interrupted, and its process can be killed at any time", async () => {
    const scratch = await scratchDirectory("interrupt");
    await using store = await StoppableStore.start(scratch);
    await writeFile(join(store.backing, "file"), "content");
    await using mounted = await MountedStore.start("interrupt", ["--attribute-timeout", "1min"], store.directory);
    await using first = await Worker.start(scratch, mounted.point);
    const second = await Worker.start(scratch, mounted.point);
    const file = await first.do("open", "file", "r+");
    await first.do("write", file, "changed", 0);
    const draft = await second.do("open", "draft", "w");
    await second.do("write", draft, "bytes", 0);

    store.stop();
    const waiting = first.try("fsyncOnce", file);
    await blocked(first);
    first.signal("SIGUSR2");
    expect(await waiting).toBe("EINTR");

    const sync = second.try("fsync", draft);
    await blocked(second);
    await second.kill();
    expect(await sync).toBe("ended");

    store.goOn();
    await first.do("fsyncOnce", file);
    expect(await readFile(join(store.backing, "file"), "utf8")).toBe("changed");
    await first.do("close", file);
    await mounted.unmount();
    expect(await readFile(join(store.backing, "draft"), "utf8")).toBe("bytes");
  });

  it("[G22] holds only its own callers: deadlines end their waits, status answers, and what was written arrives later", async () => {
    const scratch = await scratchDirectory("deadline");
    await using store = await StoppableStore.start(scratch);
    const flags = ["--store-timeout", "500ms", "--attribute-timeout", "1min"];
    await using mounted = await MountedStore.start("deadline", flags, store.directory);
    await using worker = await Worker.start(scratch, mounted.point);
    const file = await worker.do("open", "file", "w+");
    await worker.do("write", file, "kept", 0);
    store.stop();
    expect(await worker.try("fsync", file)).toBe("ETIMEDOUT");
    expect(await worker.do<string>("read", file, 100, 0)).toBe("kept");
    const status = await runHoldfast(["status", mounted.point]);
    expect(status.stdout).toContain("/file");
    const refused = await runHoldfast(["unmount", mounted.point]);
    expect(refused.status).toBe(1);
    store.goOn();
    await until("fsync goes through", async () => (await worker.try("fsync", file)) === "ok");
    await worker.do("close", file);
    expect(await readFile(join(store.backing, "file"), "utf8")).toBe("kept");
    const unmounted = await runHoldfast(["unmount", mounted.point]);
    expect(unmounted.status).toBe(1);
    expect(unmounted.stderr).toContain("may not be durable, as was told to their writers");
    expect((await mounted.mount.finished()).status).toBe(1);
  });

  it("[G23] an unmount that takes long says how much is left to send", async () => {
    const scratch = await scratchDirectory("progress");
    await using store = await StoppableStore.start(scratch);
    await using mounted = await MountedStore.start("progress", ["--attribute-timeout", "1min"], store.directory);
    const worker = await Worker.start(scratch, mounted.point);
    const file = await worker.do("open", "file", "w");
    await worker.do("write", file, "to be sent", 0);
    store.stop();
    await worker.kill();
    const said = join(scratch, "said");
    const command = [process.execPath, join(checkout, "bin", "holdfast.js"), "unmount", mounted.point];
    const unmount = run("sh", ["-c", 'exec "$@" > "$0"', said, ...command]);
    await until("progress is told", async () =>
      /^draining: 10 B to go$/m.test(await readFile(said, "utf8").catch(() => "")),
    );
    store.goOn();
    await unmount;
    expect((await mounted.mount.finished()).status).toBe(0);
    expect(await readFile(said, "utf8")).toContain("holdfast: unmounted");
    expect(await readFile(join(store.backing, "file"), "utf8")).toBe("to be sent");
  });
});

it("[G24] a server killed at work leaves a mount that the next mount clears, and nothing else", async () => {
  await using mounted = await MountedStore.start("crash");
  const worker = await Worker.start(mounted.scratch, mounted.point);
  const file = await worker.do("open", "log", "a");
  let synced = 0;
  const writes = (async () => {
    for (let line = 0; ; line += 1) {
      const outcome = await worker.try("write", file, `line ${line}\n`);
      if (outcome !== "ok") return outcome;
      if (line % 10 === 9 && (await worker.try("fsync", file)) === "ok") synced = line + 1;
    }
  })();
  await until("some lines are synced", () => synced >= 50);
  expect((await mounted.mount.stop("SIGKILL")).signal).toBe("SIGKILL");
  expect(await writes).toMatch(/ENOTCONN|ECONNABORTED/);
  expect(await worker.try("stat", "log")).toMatch(/ENOTCONN|ECONNABORTED/);

  await mounted.mountAgain();
  expect(await worker.try("write", file, "through a dead handle")).toMatch(/ENOTCONN|ECONNABORTED|EIO/);
  const lines = (await run("cat", [mounted.at("log")])).split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(synced);
  expect(lines.slice(0, synced)).toEqual(Array.from({ length: synced }, (_, line) => `line ${line}`));
  await worker.kill();
  await mounted.unmount();
  expect(await mountsBelow(mounted.scratch)).toEqual([]);
  expect((await readdir(mounted.store)).sort()).toEqual(["log"]);
});

it("[G24] a process blocked on a mount whose server is killed goes on with an error", async () => {
  await using mounted = await MountedStore.start("orphan");
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await worker.do("writeFile", "file", "content");
  process.kill(mounted.mount.processId, "SIGSTOP");
  const listing = worker.try("list", ".");
  await until("the worker waits for the mount", () => waitsForMount(worker.processId));
  await mounted.mount.stop("SIGKILL");
  expect(await listing).toMatch(/ENOTCONN|ECONNABORTED/);
  expect((await runHoldfast(["unmount", mounted.point])).status).toBe(0);
  expect(await mountsBelow(mounted.scratch)).toEqual([]);
});

/** The processor time that a process has used, in clock ticks of 10 ms. */
async function processorTicks(processId: number): Promise<number> {
  const text = await readFile(`/proc/${processId}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

it("an idle mount uses no processor, after work too", async () => {
  await using mounted = await MountedStore.start("idle");
  await run("sh", ["-c", "for i in $(seq 200); do echo $i > $i; done; cat * > /dev/null"], {
    directory: mounted.point,
  });
  await runHoldfast(["status", mounted.point]);
  const { processId } = mounted.mount;
  const settled = await processorTicks(processId);
  await until("the server has come to rest", async () => {
    const before = await processorTicks(processId);
    await run("sleep", ["0.3"]);
    return (await processorTicks(processId)) === before;
  });
  const before = await processorTicks(processId);
  await run("sleep", ["2"]);
  const used = (await processorTicks(processId)) - before;
  expect(settled).toBeGreaterThan(0);
  expect(used).toBeLessThanOrEqual(3);
  await mounted.unmount();
});

it("[G23] of two unmounts at once one does the work and neither disturbs it", async () => {
  await using mounted = await MountedStore.start("twice");
  await run("sh", ["-c", "head -c 8M /dev/urandom > big; sha256sum big > sum"], { directory: mounted.point });
  const both = await Promise.all([runHoldfast(["unmount", mounted.point]), runHoldfast(["unmount", mounted.point])]);
  expect(both.map((one) => one.status)).toContain(0);
  expect((await mounted.mount.finished()).status).toBe(0);
  await run("sha256sum", ["-c", "sum"], { directory: mounted.store });
});
