/** Descriptors and remembered nodes are bounded, and all are given back. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { until } from "../../../kit/until.ts";
import { codeOf, readText, scratchStore, self } from "./scratch-store.ts";

const reading = { read: true, write: false, execute: false };
const readWrite = { read: true, write: true, execute: false };

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Closing goes through the thread pool: waits until so many are open, or a bound is reached. */
async function untilOpen(count: number): Promise<number> {
  for (let turn = 0; turn < 10_000 && openDescriptors() > count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return openDescriptors();
}

/** How many descriptors lead to files below a directory that have no name any more. */
function deletedFiles(directory: string): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(`${directory}/`) && target.endsWith(" (deleted)")).length;
}

describe("descriptors of the directory store", () => {
  it("keeps few open that nobody holds, and closes all", async () => {
    const before = openDescriptors();
    const { store, root } = await scratchStore({ idleDescriptorsMax: 10 });
    for (let at = 0; at < 100; at++) {
      const { node } = await store.createFile(root, `f${at}`, 0o644, self);
      await store.write(node, 0, [Buffer.from(`${at}`)], undefined, self);
    }
    expect(await untilOpen(before + 11)).toBeLessThanOrEqual(before + 11);
    for (let at = 0; at < 100; at++) {
      expect(await readText(store, (await store.lookup(root, `f${at}`, self)).node)).toBe(`${at}`);
    }
    expect(await untilOpen(before + 11)).toBeLessThanOrEqual(before + 11);
    await store.close();
    expect(await untilOpen(before)).toBe(before);
    expect(await codeOf(store.root(self))).toBe("EBADF");
  });

  it("keeps one open for each held file, and closes those that write with the last hold for writing", async () => {
    const before = openDescriptors();
    const { store, root } = await scratchStore({ idleDescriptorsMax: 0 });
    const nodes: string[] = [];
    for (let at = 0; at < 20; at++) {
      const { node } = await store.createFile(root, `f${at}`, 0o755, self);
      await store.hold(node, readWrite, self);
      nodes.push(node);
    }
    expect(await untilOpen(before + 21)).toBe(before + 21);
    for (const node of nodes) await store.release(node, readWrite, self);
    expect(await untilOpen(before + 1)).toBe(before + 1);
  });

  it("lets a program be run once nobody holds it for writing, although it is still held for reading", async () => {
    const { store, root, inside } = await scratchStore();
    const { node } = await store.createFile(root, "true", 0o755, self);
    await store.hold(node, readWrite, self);
    await store.hold(node, reading, self);
    const program = readFileSync("/bin/true");
    await store.write(node, 0, [program], undefined, self);
    expect(() => execFileSync(join(inside, "true"))).toThrow(/ETXTBSY/);
    await store.release(node, readWrite, self);
    await untilOpen(0);
    execFileSync(join(inside, "true"));
    expect((await readText(store, node)).slice(1, 4)).toBe("ELF");
    await store.release(node, reading, self);
  });

  it("keeps a directory that is held again and removed, however many others come", async () => {
    const { store, root, inside } = await scratchStore({ idleDescriptorsMax: 1 });
    const { node } = await store.makeDirectory(root, "d", 0o755, self);
    await store.hold(node, reading, self);
    await store.release(node, reading, self);
    await store.hold(node, reading, self);
    for (const name of ["a", "b", "c"]) {
      writeFileSync(join(inside, name), name);
      expect(await readText(store, (await store.lookup(root, name, self)).node)).toBe(name);
    }
    await store.removeDirectory(root, "d", self);
    expect((await store.getAttributes(node, self)).linkCount).toBe(0);
    await store.release(node, reading, self);
  });

  it("gives back the storage of a removed file as soon as what was under way at its release has ended", async () => {
    const { store, root, inside } = await scratchStore();
    writeFileSync(join(inside, "f"), "x");
    const { node } = await store.lookup(root, "f", self);
    await store.hold(node, reading, self);
    const underWay = store.commit(node, self);
    await store.remove(root, "f", self);
    await store.release(node, reading, self);
    await underWay;
    await until("the file is closed", () => deletedFiles(inside) === 0, 5_000);
    expect(await codeOf(store.getAttributes(node, self))).toBe("ESTALE");
  });

  it("opens nothing any more when it is closed, not even for what waited for its turn", async () => {
    const before = openDescriptors();
    const { store, root } = await scratchStore({ staysWithRoot: true });
    const { node } = await store.createFile(root, "f", 0o644, self);
    await store.hold(node, readWrite, self);
    const first = store.write(node, 0, [new Uint8Array(4 * 1024 * 1024)], undefined, self);
    const second = codeOf(store.write(node, 0, [Buffer.from("late")], undefined, self));
    // The first is under way after a few turns, and cannot be answered before the event loop comes round.
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    await store.close();
    await first;
    expect(await second).toBe("EBADF");
    expect(await untilOpen(before)).toBe(before);
  });

  it("forgets no node for another that had its id before", async () => {
    const { store, root, inside } = await scratchStore({ nodesMax: 4, idleDescriptorsMax: 0 });
    writeFileSync(join(inside, "f"), "x");
    const { node } = await store.lookup(root, "f", self);
    const other = directoryStore(inside);
    onTestFinished(() => other.close());
    const otherRoot = (await other.root(self)).node;
    const there = (await other.lookup(otherRoot, "f", self)).node;
    const first = other.write(there, 0, [new Uint8Array(4 * 1024 * 1024)], undefined, self);
    const waits = codeOf(store.write(node, 0, [Buffer.from("y")], undefined, self));
    for (let at = 0; at < 20; at++) await store.makeDirectory(root, `d${at}`, 0o755, self);
    expect(await codeOf(store.getAttributes(node, self))).toBe("ESTALE");
    expect((await store.lookup(root, "f", self)).node).toBe(node);
    await store.hold(node, reading, self);
    await first;
    await waits;
    expect(await codeOf(store.release(node, reading, self))).toBe("none");
  });

  it("forgets nodes beyond its bound, and finds them again by looking up", async () => {
    const { store, root } = await scratchStore({ nodesMax: 50, idleDescriptorsMax: 5 });
    const { node: directory } = await store.makeDirectory(root, "d", 0o755, self);
    const made: string[] = [];
    for (let at = 0; at < 500; at++) made.push((await store.createFile(directory, `f${at}`, 0o644, self)).node);
    let forgotten = 0;
    for (const [at, node] of made.entries()) {
      if ((await codeOf(store.getAttributes(node, self))) === "ESTALE") forgotten++;
      expect((await store.lookup(directory, `f${at}`, self)).node).toBe(node);
    }
    expect(forgotten).toBeGreaterThan(300);
    expect((await store.list(directory, self)).length).toBe(500);
  });

  it("gives up what nobody needs where the process may open nothing more", async (context) => {
    const { store, root, inside } = await scratchStore();
    mkdirSync(join(inside, "d"));
    const { node: directory } = await store.lookup(root, "d", self);
    for (let at = 0; at < 60; at++) {
      writeFileSync(join(inside, "d", `f${at}`), `${at}`);
      await readText(store, (await store.lookup(directory, `f${at}`, self)).node);
    }
    const limit = (soft: string): void =>
      void execFileSync("prlimit", ["--pid", `${process.pid}`, `--nofile=${soft}:`]);
    const before = execFileSync("prlimit", ["--pid", `${process.pid}`, "--nofile", "-o", "SOFT", "--noheadings"]);
    if (before.length === 0) context.skip("the limit of descriptors is not told");
    const taken: number[] = [];
    limit(`${openDescriptors() + 20}`);
    try {
      expect(() => {
        for (;;) taken.push(openSync("/dev/null", "r"));
      }).toThrow(/EMFILE/);
      for (let at = 0; at < 60; at++) {
        const { node } = await store.lookup(directory, `f${at}`, self);
        expect(await readText(store, node)).toBe(`${at}`);
      }
      const { node } = await store.createFile(directory, "new", 0o644, self);
      await store.commit(node, self);
      expect((await store.list(directory, self)).length).toBe(61);
    } finally {
      for (const fd of taken) closeSync(fd);
      limit(before.toString().trim());
    }
  });

  it("finds what is in a directory that somebody moved, however many names it has", async () => {
    const { store, root, inside } = await scratchStore();
    mkdirSync(join(inside, "d"));
    for (let at = 0; at < 23_000; at++) closeSync(openSync(join(inside, "d", `f${at}`), "w"));
    const { node: directory } = await store.lookup(root, "d", self);
    const last = (await store.list(directory, self)).at(-1);
    const { node } = await store.lookup(directory, last?.name ?? "", self);
    renameSync(join(inside, "d"), join(inside, "moved"));
    expect(await codeOf(store.getAttributes(node, self))).toBe("none");
  });

  it("finds a node under whichever of its names is left", async () => {
    const { store, root, inside } = await scratchStore();
    const { node } = await store.createFile(root, "a", 0o644, self);
    await store.link(node, root, "b", self);
    await store.link(node, root, "c", self);
    await store.remove(root, "c", self);
    renameSync(join(inside, "b"), join(inside, "d"));
    expect((await store.getAttributes(node, self)).linkCount).toBe(2);
    await store.remove(root, "a", self);
    expect(await codeOf(store.getAttributes(node, self))).toBe("none");
    await store.remove(root, "d", self);
    expect(await codeOf(store.getAttributes(node, self))).toBe("ESTALE");
  });
});
