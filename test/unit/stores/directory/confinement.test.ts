/** The directory store never leaves its root, whatever other programs do to the tree under it. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, isRoot, readText, scratchStore, self } from "./scratch-store.ts";

const readWrite = { read: true, write: true, execute: false };

describe("confinement of the directory store", () => {
  it("does not read or write through a symbolic link that took a file's place", async () => {
    const { store, root, inside, outside } = await scratchStore();
    writeFileSync(join(inside, "f"), "inside");
    writeFileSync(join(outside, "secret"), "secret");
    const { node } = await store.lookup(root, "f", self);
    unlinkSync(join(inside, "f"));
    symlinkSync(join(outside, "secret"), join(inside, "f"));
    expect(await codeOf(readText(store, node))).toBe("ESTALE");
    expect(await codeOf(store.hold(node, readWrite, self))).toBe("ESTALE");
    expect(await codeOf(store.write(node, 0, [Buffer.from("x")], undefined, self))).toBe("ESTALE");
    expect(await codeOf(store.setAttributes(node, { size: 0 }, self))).toBe("ESTALE");
    const link = await store.lookup(root, "f", self);
    expect(link.attributes.kind).toBe("symbolicLink");
    expect(await codeOf(store.setAttributes(link.node, { mode: 0o777 }, self))).toBe("ENOTSUP");
    expect(await codeOf(store.setAttributes(link.node, { size: 0 }, self))).toBe("EINVAL");
    await store.setAttributes(link.node, { modifyTimeNs: 1n }, self);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  });

  it("does not make, list or remove anything through a symbolic link that took a directory's place", async () => {
    const { store, root, inside, outside } = await scratchStore();
    const { node } = await store.makeDirectory(root, "d", 0o755, self);
    const deep = await store.makeDirectory(node, "deep", 0o755, self);
    rmSync(join(inside, "d"), { recursive: true });
    mkdirSync(join(outside, "deep"));
    writeFileSync(join(outside, "victim"), "");
    symlinkSync(outside, join(inside, "d"));
    for (const directory of [node, deep.node]) {
      expect(await codeOf(store.createFile(directory, "new", 0o644, self))).toBe("ESTALE");
      expect(await codeOf(store.list(directory, self))).toBe("ESTALE");
      expect(await codeOf(store.remove(directory, "victim", self))).toBe("ESTALE");
      expect(await codeOf(store.rename(directory, "victim", root, "caught", "replace", self))).toBe("ESTALE");
    }
    expect(readdirSync(outside)).toEqual(["deep", "victim"]);
  });

  it("does not use a held directory that was moved out of its root", async () => {
    const { store, root, inside, outside } = await scratchStore();
    const { node } = await store.makeDirectory(root, "d", 0o755, self);
    await store.hold(node, { read: true, write: false, execute: false }, self);
    renameSync(join(inside, "d"), join(outside, "d"));
    expect(await codeOf(store.createFile(node, "new", 0o644, self))).toBe("ESTALE");
    expect(await codeOf(store.list(node, self))).toBe("ESTALE");
    expect(await codeOf(store.setAttributes(node, { mode: 0o700 }, self))).toBe("ESTALE");
    expect(readdirSync(join(outside, "d"))).toEqual([]);
    renameSync(join(outside, "d"), join(inside, "d"));
    expect((await store.lookup(root, "d", self)).node).toBe(node);
    expect(await store.list(node, self)).toEqual([]);
    await store.release(node, { read: true, write: false, execute: false }, self);
  });

  it("does not follow a directory that was moved out of its root", async () => {
    const { store, root, inside, outside } = await scratchStore();
    const { node } = await store.makeDirectory(root, "d", 0o755, self);
    const file = await store.createFile(node, "f", 0o644, self);
    renameSync(join(inside, "d"), join(outside, "d"));
    expect(await codeOf(store.createFile(node, "new", 0o644, self))).toBe("ESTALE");
    expect(await codeOf(store.lookup(node, "f", self))).toBe("ESTALE");
    expect(await codeOf(store.setAttributes(file.node, { mode: 0o777 }, self))).toBe("ESTALE");
    expect(readdirSync(join(outside, "d"))).toEqual(["f"]);
    renameSync(join(outside, "d"), join(inside, "d"));
    await store.lookup(root, "d", self);
    await store.createFile(node, "new", 0o644, self);
    expect(readdirSync(join(inside, "d"))).toEqual(["f", "new"]);
  });

  it("does not reach its own nodes through a link to where they were moved", async () => {
    const { store, root, inside, outside } = await scratchStore();
    const { node } = await store.makeDirectory(root, "d", 0o755, self);
    const deep = await store.makeDirectory(node, "deep", 0o755, self);
    const file = await store.createFile(node, "f", 0o644, self);
    renameSync(join(inside, "d"), join(outside, "d"));
    symlinkSync(join(outside, "d"), join(inside, "d"));
    expect(await codeOf(store.createFile(deep.node, "new", 0o644, self))).toBe("ESTALE");
    expect(await codeOf(store.setAttributes(file.node, { mode: 0o777 }, self))).toBe("ESTALE");
    expect(readdirSync(join(outside, "d", "deep"))).toEqual([]);
  });

  it("makes nothing outside while a directory and a link to the outside change places all the time", async () => {
    const { store, root, inside, outside } = await scratchStore();
    await store.makeDirectory(root, "d", 0o755, self);
    symlinkSync(outside, join(inside, "link"));
    const swap = `const { renameSync } = require("node:fs");
      for (let at = 0; ; at++) {
        renameSync("d", "away"); renameSync("link", "d"); renameSync("d", "link"); renameSync("away", "d");
        if (at === 100) process.send("ready");
      }`;
    const swapper = spawn(process.execPath, ["-e", swap], {
      cwd: inside,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const ended = once(swapper, "exit");
    await once(swapper, "message");
    let made = 0;
    const refusals = new Set<string>();
    try {
      for (let at = 0; at < 3000; at++) {
        const { node } = await store.lookup(root, "d", self).catch(() => ({ node: "" }));
        const code = await codeOf(store.createFile(node, `f${at}`, 0o644, self));
        if (code === "none") made++;
        else refusals.add(code);
      }
    } finally {
      swapper.kill("SIGKILL");
      await ended;
    }
    expect(readdirSync(outside)).toEqual([]);
    expect(made).toBeGreaterThan(0);
    expect([...refusals].every((code) => ["ESTALE", "ENOENT", "ENOTDIR"].includes(code))).toBe(true);
  });

  it("does not open a fifo that took a file's place", async () => {
    const { store, root, inside } = await scratchStore();
    writeFileSync(join(inside, "f"), "x");
    const { node } = await store.lookup(root, "f", self);
    unlinkSync(join(inside, "f"));
    await store.makeSpecial(root, "pipe", "fifo", 0o644, 0, self);
    renameSync(join(inside, "pipe"), join(inside, "f"));
    expect(await codeOf(store.hold(node, readWrite, self))).toBe("ESTALE");
    const fifo = await store.lookup(root, "f", self);
    expect(await codeOf(store.read(fifo.node, 0, [new Uint8Array(1)], self))).toBe("EINVAL");
  });

  it("fails clearly while its directory is gone, and goes on when it is back", async () => {
    const { store, root, inside, outside } = await scratchStore();
    const { node } = await store.createFile(root, "f", 0o644, self);
    await store.write(node, 0, [Buffer.from("content")], undefined, self);
    renameSync(inside, join(outside, "away"));
    const failure = await store.lookup(root, "f", self).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ESTALE", message: expect.stringContaining("is gone") });
    expect(await codeOf(store.createFile(root, "g", 0o644, self))).toBe("ESTALE");
    expect(await codeOf(store.list(root, self))).toBe("ESTALE");
    expect(await codeOf(store.statistics(root, self))).toBe("ESTALE");
    renameSync(join(outside, "away"), inside);
    expect(await readText(store, node)).toBe("content");
    expect((await store.list(root, self)).map(({ name }) => name)).toEqual(["f"]);
  });

  it("serves another directory that took its root's place, with new nodes", async () => {
    const { store, root, inside } = await scratchStore();
    const { node } = await store.createFile(root, "f", 0o644, self);
    rmSync(inside, { recursive: true });
    expect(await codeOf(store.getAttributes(root, self))).toBe("ESTALE");
    mkdirSync(inside);
    expect(await codeOf(store.getAttributes(node, self))).toBe("ESTALE");
    writeFileSync(join(inside, "f"), "new");
    const found = await store.lookup(root, "f", self);
    expect(await readText(store, found.node)).toBe("new");
  });

  it("opens paths that are longer than the system's limit", async () => {
    const { store, root } = await scratchStore();
    let directory = root;
    for (let depth = 0; depth < 30; depth++) {
      directory = (await store.makeDirectory(directory, `${depth}`.padStart(255, "d"), 0o755, self)).node;
    }
    const { node } = await store.createFile(directory, "f", 0o644, self);
    await store.write(node, 0, [Buffer.from("deep")], undefined, self);
    expect(await readText(store, node)).toBe("deep");
    expect((await store.list(directory, self)).map(({ name }) => name)).toEqual(["f"]);
  });

  it.skipIf(!isRoot)(
    "treats a file system mounted inside its root as a part of it (needs root to mount one)",
    async () => {
      const { store, root, inside } = await scratchStore();
      const { node } = await store.makeDirectory(root, "mounted", 0o755, self);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(inside, "mounted")]);
      try {
        expect(await codeOf(store.createFile(node, "f", 0o644, self))).toBe("ESTALE");
        const over = await store.lookup(root, "mounted", self);
        expect(over.node).not.toBe(node);
        const file = await store.createFile(over.node, "f", 0o644, self);
        await store.write(file.node, 0, [Buffer.from("x")], undefined, self);
        expect(await codeOf(store.rename(over.node, "f", root, "f", "replace", self))).toBe("EXDEV");
        expect(await readText(store, file.node)).toBe("x");
      } finally {
        await store.close();
        // Descriptors are closed a little later: the file system goes with the last of them.
        execFileSync("umount", ["--lazy", join(inside, "mounted")]);
      }
      rmdirSync(join(inside, "mounted"));
      expect(existsSync(join(inside, "mounted"))).toBe(false);
    },
  );
});
