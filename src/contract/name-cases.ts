/** Names: looking up, making, linking, removing, and everything a name may and may not be. */
import { decodeFileName } from "../base/index.ts";
import { type ContractStep, contractCase, promised } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";

export const nameCases: readonly ContractStep[] = [
  contractCase("a name that was made is found with the same node and attributes", [], async (stage) => {
    const made = await stage.store.createFile(stage.root, "a", 0o640, stage.owner);
    const found = await stage.store.lookup(stage.root, "a", stage.owner);
    expectEqual(found.node, made.node, "node");
    expectEqual(found.attributes.kind, "file", "kind");
    expectEqual(found.attributes.mode, 0o640, "mode");
    expectEqual(found.attributes.uid, stage.owner.credential.uid, "uid");
    expectEqual(found.attributes.size, 0, "size");
    expectEqual(found.attributes.linkCount, 1, "link count");
  }),
  contractCase("a name that is not there is ENOENT, also right after its removal", [], async (stage) => {
    await expectFailure(stage.store.lookup(stage.root, "a", stage.owner), "ENOENT", "lookup before");
    await stage.file("a");
    await stage.store.remove(stage.root, "a", stage.owner);
    await expectFailure(stage.store.lookup(stage.root, "a", stage.owner), "ENOENT", "lookup after");
    await expectFailure(stage.store.remove(stage.root, "a", stage.owner), "ENOENT", "second removal");
  }),
  contractCase("a name that is taken is EEXIST, whatever has it", [], async (stage) => {
    await stage.file("f");
    await stage.directory("d");
    for (const name of ["f", "d"]) {
      await expectFailure(stage.store.createFile(stage.root, name, 0o644, stage.owner), "EEXIST", `create ${name}`);
      await expectFailure(stage.store.makeDirectory(stage.root, name, 0o755, stage.owner), "EEXIST", `mkdir ${name}`);
    }
  }),
  contractCase("what is no name of an entry is refused by every operation on names", [], async (stage) => {
    const { store, root, owner } = stage;
    const node = await stage.file("f", "untouched");
    for (const bad of ["", ".", "..", "a/b", "/", "../f", "f/", "a\0b", "\0"]) {
      const shown = JSON.stringify(bad);
      const refused = ["EINVAL", "ENOENT", "EEXIST"] as const;
      await expectFailure(store.lookup(root, bad, owner), refused, `lookup ${shown}`);
      await expectFailure(store.createFile(root, bad, 0o644, owner), refused, `create ${shown}`);
      await expectFailure(store.makeDirectory(root, bad, 0o755, owner), refused, `mkdir ${shown}`);
      await expectFailure(store.makeSymbolicLink(root, bad, "t", owner), [...refused, "ENOTSUP"], `symlink ${shown}`);
      await expectFailure(store.link(node, root, bad, owner), [...refused, "ENOTSUP"], `link ${shown}`);
      await expectFailure(store.remove(root, bad, owner), refused, `remove ${shown}`);
      await expectFailure(store.removeDirectory(root, bad, owner), refused, `rmdir ${shown}`);
      await expectFailure(store.rename(root, bad, root, "g", "replace", owner), refused, `rename from ${shown}`);
      await expectFailure(store.rename(root, "f", root, bad, "replace", owner), refused, `rename to ${shown}`);
    }
    expectEqual(await stage.names(root), ["f"], "names");
    expectEqual(await stage.read(node), "untouched", "content");
  }),
  contractCase("the longest name works, one byte more is ENAMETOOLONG, counted in bytes", [], async (stage) => {
    const { nameBytesMax } = stage.store.manifest;
    const longest = "n".repeat(nameBytesMax);
    await stage.file(longest);
    expectEqual(await stage.names(stage.root), [longest], "names");
    const wide = "ä".repeat(Math.floor(nameBytesMax / 2) + 1);
    for (const name of [`${longest}n`, wide]) {
      await expectFailure(stage.store.lookup(stage.root, name, stage.owner), "ENAMETOOLONG", "lookup");
      await expectFailure(stage.store.createFile(stage.root, name, 0o644, stage.owner), "ENAMETOOLONG", "create");
    }
  }),
  contractCase("names are bytes: odd ones, and such as are no UTF-8, come back as they were", [], async (stage) => {
    const invalid = decodeFileName(Uint8Array.of(0x66, 0xff, 0xfe, 0xc3, 0x28, 0x80));
    const names = [" ", "-rf", "a\nb", "\\", "...", "*?[", "\u007f", "é", "e\u0301", "\u{1f600}", "\ufeffbom", invalid];
    for (const name of names) await stage.file(name, name);
    expectEqual(await stage.names(stage.root), [...names].sort(), "names");
    for (const name of names) {
      const { node } = await stage.store.lookup(stage.root, name, stage.owner);
      expectEqual(await stage.read(node), name, "content");
      await stage.store.remove(stage.root, name, stage.owner);
    }
    expectEqual(await stage.names(stage.root), [], "names after removal");
  }),
  contractCase("operations on names need a directory (ENOTDIR)", [], async (stage) => {
    const file = await stage.file("f");
    await expectFailure(stage.store.lookup(file, "x", stage.owner), "ENOTDIR", "lookup");
    await expectFailure(stage.store.createFile(file, "x", 0o644, stage.owner), "ENOTDIR", "create");
    await expectFailure(stage.store.remove(file, "x", stage.owner), "ENOTDIR", "remove");
    await expectFailure(stage.store.list(file, stage.owner), "ENOTDIR", "list");
    await expectFailure(stage.store.rename(stage.root, "f", file, "x", "replace", stage.owner), "ENOTDIR", "rename");
  }),
  contractCase("a directory lists its names with kinds and inode numbers, without . and ..", [], async (stage) => {
    const directory = await stage.directory("d");
    const expected = new Map<string, bigint>();
    for (let at = 0; at < 100; at++) {
      const { attributes } = await stage.store.createFile(directory, `f${at}`, 0o644, stage.owner);
      expected.set(`f${at}`, attributes.inode);
    }
    const sub = await stage.store.makeDirectory(directory, "sub", 0o755, stage.owner);
    const entries = await stage.store.list(directory, stage.owner);
    expectEqual(entries.length, 101, "number of names");
    for (const entry of entries) {
      const inode = entry.name === "sub" ? sub.attributes.inode : expected.get(entry.name);
      expectEqual(entry.inode, inode, `inode of ${entry.name}`);
      expectEqual(entry.kind, entry.name === "sub" ? "directory" : "file", `kind of ${entry.name}`);
    }
  }),
  contractCase("a removed directory is gone: no names in it, no new ones, and its id is stale", [], async (stage) => {
    const directory = await stage.directory("d");
    const file = await stage.file("f", "", 0o644, directory);
    await expectFailure(stage.store.removeDirectory(stage.root, "d", stage.owner), ["ENOTEMPTY", "EEXIST"], "rmdir");
    await expectFailure(stage.store.remove(stage.root, "d", stage.owner), ["EISDIR", "EPERM"], "unlink of a directory");
    await stage.store.remove(directory, "f", stage.owner);
    await expectFailure(stage.store.removeDirectory(stage.root, "nothing", stage.owner), "ENOENT", "rmdir of nothing");
    await stage.store.removeDirectory(stage.root, "d", stage.owner);
    const gone = ["ESTALE", "ENOENT"] as const;
    await expectFailure(stage.store.createFile(directory, "x", 0o644, stage.owner), gone, "create in it");
    await expectFailure(stage.store.getAttributes(directory, stage.owner), gone, "attributes of the directory");
    await expectFailure(stage.store.getAttributes(file, stage.owner), gone, "attributes of the file");
    await expectFailure(stage.store.read(file, 0, [new Uint8Array(1)], stage.owner), gone, "read of the file");
  }),
  contractCase("rmdir of a file is ENOTDIR", [], async (stage) => {
    await stage.file("f");
    await expectFailure(stage.store.removeDirectory(stage.root, "f", stage.owner), "ENOTDIR", "rmdir");
  }),
  contractCase("directories count the directories in them", [], async (stage) => {
    const outer = await stage.directory("outer");
    const before = (await stage.store.getAttributes(outer, stage.owner)).linkCount;
    await stage.directory("inner", 0o755, outer);
    const between = (await stage.store.getAttributes(outer, stage.owner)).linkCount;
    await stage.store.removeDirectory(outer, "inner", stage.owner);
    const after = (await stage.store.getAttributes(outer, stage.owner)).linkCount;
    expect(between - before === 1 || (before === 1 && between === 1), "the link count goes up by one, or stays 1");
    expectEqual(after, before, "link count after removal");
  }),
  contractCase("a hard link is the same node under two names", [promised("hardLinks")], async (stage) => {
    const node = await stage.file("a", "shared");
    const attributes = await stage.store.link(node, stage.root, "b", stage.owner);
    expectEqual(attributes.linkCount, 2, "link count");
    expectEqual((await stage.store.lookup(stage.root, "b", stage.owner)).node, node, "node");
    await expectFailure(stage.store.link(node, stage.root, "b", stage.owner), "EEXIST", "second link");
    await stage.store.remove(stage.root, "a", stage.owner);
    expectEqual((await stage.store.getAttributes(node, stage.owner)).linkCount, 1, "link count after removal");
    expectEqual(await stage.read(node), "shared", "content under the other name");
    const directory = await stage.directory("d");
    await expectFailure(stage.store.link(directory, stage.root, "e", stage.owner), "EPERM", "link of a directory");
  }),
  contractCase("a symbolic link keeps its target to the byte", [promised("symbolicLinks")], async (stage) => {
    const invalid = decodeFileName(Uint8Array.of(0x2f, 0xff, 0x80));
    const targets = ["x", "../../../../etc/passwd", "/", "a b", "ä".repeat(100), invalid, "t".repeat(1000)];
    for (const [at, target] of targets.entries()) {
      const { node, attributes } = await stage.store.makeSymbolicLink(stage.root, `l${at}`, target, stage.owner);
      expectEqual(attributes.kind, "symbolicLink", "kind");
      expectEqual(await stage.store.readLink(node, stage.owner), target, "target");
    }
  }),
  contractCase("a symbolic link is never followed by the store", [promised("symbolicLinks")], async (stage) => {
    await stage.directory("d");
    const { node } = await stage.store.makeSymbolicLink(stage.root, "l", "d", stage.owner);
    await expectFailure(stage.store.lookup(node, "x", stage.owner), "ENOTDIR", "lookup through it");
    await expectFailure(stage.store.list(node, stage.owner), "ENOTDIR", "list through it");
    await expectFailure(stage.store.createFile(node, "x", 0o644, stage.owner), "ENOTDIR", "create through it");
    await expectFailure(stage.store.read(node, 0, [new Uint8Array(1)], stage.owner), ["EINVAL", "ELOOP"], "read");
    await expectFailure(stage.store.createFile(stage.root, "l", 0o644, stage.owner), "EEXIST", "create at it");
  }),
  contractCase("readlink of anything else is EINVAL", [], async (stage) => {
    await expectFailure(stage.store.readLink(await stage.file("f"), stage.owner), "EINVAL", "readlink");
  }),
  contractCase("a fifo and a socket are made as such", [promised("specialNodes")], async (stage) => {
    for (const kind of ["fifo", "socket"] as const) {
      const { node, attributes } = await stage.store.makeSpecial(stage.root, kind, kind, 0o622, 0, stage.owner);
      expectEqual(attributes.kind, kind, "kind");
      expectEqual(attributes.mode, 0o622, "mode");
      await expectFailure(stage.store.read(node, 0, [new Uint8Array(1)], stage.owner), "EINVAL", "read");
    }
  }),
];
