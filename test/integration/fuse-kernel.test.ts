/**
 * What only a real kernel can show: that it keeps pages and hears of every change, that interrupted programs come back,
 * that an idle mount uses no processor, and that a mount ends in every way without leaving anything.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, it } from "vitest";
import { runProgram } from "../kit/command.ts";
import { MemoryMount } from "../kit/memory-mount.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import { until } from "../kit/until.ts";

/** Longer than any test, so that only what the kernel is told can make it look again. */
const believingForAnHour = { attributeTimeoutMs: 3_600_000, entryTimeoutMs: 3_600_000 };

let scratch = "";
let point = "";

beforeEach(async () => {
  scratch = await scratchDirectory("kernel");
  point = join(scratch, "mount");
  await mkdir(point);
});

async function cat(name: string): Promise<string> {
  const { status, stdout, stderr } = await runProgram("cat", [join(point, name)]);
  return status === 0 ? stdout : stderr;
}

it("keeps pages from one open to the next, and hears at once of what another client wrote", async () => {
  await using mount = await MemoryMount.start(point, believingForAnHour);
  await mount.order("write", { name: "letter", content: "first" });
  expect(await cat("letter")).toBe("first");
  const { requests: before } = await mount.counters();
  expect(await cat("letter")).toBe("first");
  const { requests: after } = await mount.counters();
  expect(after.READ).toBe(before.READ);
  for (const content of ["second, and longer", "third"]) {
    await mount.order("write", { name: "letter", content });
    await until("the kernel shows what was written", async () => (await cat("letter")) === content);
  }
  expect((await mount.counters()).notificationsFailed).toBe(0);
});

it("hears of names that another client made or moved", async () => {
  await using mount = await MemoryMount.start(point, believingForAnHour);
  expect(await cat("late")).toMatch(/No such file/);
  await mount.order("write", { name: "late", content: "here now" });
  await until("the new name is found", async () => (await cat("late")) === "here now");
  await mount.order("rename", { from: "late", to: "moved" });
  await until("the old name is gone", async () => /No such file/.test(await cat("late")));
  expect(await cat("moved")).toBe("here now");
});

it("[S5.10] a program that waits in fsync can be interrupted while the store goes on not answering", async () => {
  // What the dying program closes waits for the store once more, and nothing interrupts that: the store's deadline does.
  await using mount = await MemoryMount.start(point, { storeTimeoutMs: 3_000 });
  await mount.order("shut");
  const program = `const fs = require("fs"); const file = fs.openSync("slow", "w"); fs.writeSync(file, "dirty"); fs.fsyncSync(file)`;
  const syncing = spawn(process.execPath, ["-e", program], { cwd: point, stdio: "ignore" });
  const ended = once(syncing, "close");
  await until("the write is held at the store", async () => (await mount.order("gate")).held === 1);
  syncing.kill("SIGINT");
  expect(await ended).toEqual([null, "SIGINT"]);
  const { interrupts, errorsAnswered } = await mount.counters();
  expect(interrupts).toBeGreaterThanOrEqual(1);
  expect(errorsAnswered).toMatchObject({ EINTR: expect.any(Number) });
  expect((await mount.order("gate")).held).toBeGreaterThan(0);
  await mount.order("letGo");
  expect(await cat("slow")).toBe("dirty");
});

it("uses no processor while nobody asks", async () => {
  await using mount = await MemoryMount.start(point);
  await mount.order("write", { name: "busy", content: "x".repeat(10_000) });
  await runProgram("sh", ["-c", `for i in 1 2 3 4 5 6 7 8 9; do cat ${point}/busy >/dev/null; stat ${point}; done`]);
  await until("the mount has gone to sleep", async () => {
    const before = await processorTicks(mount.processId);
    await pause(200);
    return (await processorTicks(mount.processId)) === before;
  });
  const observedMs = 2_000;
  const before = await processorTicks(mount.processId);
  await pause(observedMs);
  // A tick is 10 ms; the periodic look at dirty bytes may cost one.
  expect((await processorTicks(mount.processId)) - before).toBeLessThanOrEqual(1);
});

/** User and system time of all threads of a process, in ticks of 10 ms. */
async function processorTicks(processId: number): Promise<number> {
  const text = await readFile(`/proc/${processId}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

it("is busy while a program stands in it, and goes at once when forced; then nothing is held", async () => {
  await using mount = await MemoryMount.start(point);
  await runProgram("sh", ["-c", `echo kept > ${point}/file`]);
  const holder = spawn("sh", ["-c", "exec 3<>file; echo standing; cat; cat <&3"], {
    cwd: point,
    stdio: ["pipe", "pipe", "ignore"],
  });
  await once(holder.stdout, "data");
  expect(await mount.order("unmount", { force: false })).toEqual({ failed: "EBUSY" });
  expect(await cat("file")).toBe("kept\n");
  expect(await mount.order("unmount", { force: true })).toEqual({ openFiles: 0 });
  expect(await mountsBelow(scratch)).toEqual([]);
  expect(await mount.next()).toEqual({ gone: true, openFiles: 0, dirtyBytes: 0 });
  holder.stdin.end();
  await once(holder, "close");
  expect(await mount.finished()).toBe(0);
});

it("ends when it is unmounted from outside, with nothing held", async () => {
  await using mount = await MemoryMount.start(point);
  await runProgram("sh", ["-c", `mkdir ${point}/d; echo kept > ${point}/d/file; ls -lR ${point}`]);
  expect((await runProgram("umount", [point])).status).toBe(0);
  expect(await mount.next()).toEqual({ gone: true, openFiles: 0, dirtyBytes: 0 });
  expect(await mount.finished()).toBe(0);
});

it("a mount whose server was killed is cleared by the next one", async () => {
  const first = await MemoryMount.start(point);
  await first.kill();
  expect((await runProgram("ls", [point])).stderr).toMatch(/not connected|aborted/);
  await using second = await MemoryMount.start(point);
  await second.order("write", { name: "letter", content: "alive" });
  expect(await cat("letter")).toBe("alive");
  expect(await mountsBelow(scratch)).toEqual([point]);
});

it.skipIf(process.getuid?.() !== 0)("an ordinary user mounts and unmounts (needs root to become one)", async () => {
  const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  // In a mount name space of its own, where everybody may open the device, as distributions have it.
  const script = `mount --make-rprivate / && mount -t tmpfs -o mode=755 none /mnt && mknod -m 666 /mnt/fuse c 10 229 &&
    mount --bind /mnt/fuse /dev/fuse && mkdir /mnt/mount && chown 65534 /mnt/mount && exec "$@"`;
  const privately = ["unshare", "-m", "sh", "-c", script, "sh", ...nobody];
  const target = "/mnt/mount";
  await using mount = await MemoryMount.start(target, {}, privately);
  const inside = ["-m", "-t", String(mount.processId)];
  const asNobody = (command: string) =>
    runProgram("nsenter", [...inside, ...nobody, "sh", "-c", `cd ${target} && ${command}`]);
  const used = await asNobody(
    "echo mine > letter && cat letter && stat -c %u letter && grep -c ' /mnt/mount fuse.holdfast' /proc/self/mounts",
  );
  expect(used).toMatchObject({ status: 0, stdout: "mine\n65534\n1\n" });
  expect((await runProgram("nsenter", [...inside, "ls", target])).stderr).toMatch(/Permission denied/);
  expect(await mount.order("unmount", { force: false })).toEqual({ openFiles: 0 });
});

it("[G26] an unnamed file is told to be unsupported, and nothing is taken for malformed", async () => {
  await using mount = await MemoryMount.start(point);
  const program = `import os
try:
    os.open(${JSON.stringify(point)}, os.O_TMPFILE | os.O_RDWR, 0o600)
except OSError as error:
    print(os.strerror(error.errno))
`;
  const { stdout } = await runProgram("python3", ["-c", program]);
  expect(stdout.trim()).toBe("Operation not supported");
  expect((await mount.counters()).malformed).toBe(0);
});

it("[G17] ends, and shows nothing old, when the thread that tells the kernel of changes dies", async () => {
  const preload = fileURLToPath(new URL("../kit/programs/failing-thread.cjs", import.meta.url));
  const wrapper = ["env", `NODE_OPTIONS=--require=${preload}`];
  await using mount = await MemoryMount.start(point, believingForAnHour, wrapper);
  await writeFile(join(point, "letter"), "first");
  expect(await cat("letter")).toBe("first");
  // The order's own answer and the word of the end come in either order.
  const told = [await mount.order("write", { name: "letter", content: "second" }), await mount.next()];
  expect(told).toContainEqual({ gone: true, failed: "EIO", openFiles: 0, dirtyBytes: 0 });
  expect(await mountsBelow(scratch)).toEqual([]);
  expect(await mount.finished()).toBe(0);
  expect(await cat("letter")).toMatch(/No such file/);
});
