/** Holds: the right to a file's content, or to a directory's names, for as long as it is open, and what ends it. */
import type { NodeId } from "../port/index.ts";
import { aSecondClient, aSuperuser, type ContractStep, contractCase, promised, twoUsers } from "./contract-case.ts";
import { expectEqual, expectFailure } from "./expectation.ts";
import { bytesOf, reading, readingAndWriting, type Stage, writing } from "./stage.ts";

export const holdCases: readonly ContractStep[] = [
  contractCase(
    "a held file is read and written after its name is gone, and is gone after the release",
    [],
    async (stage) => {
      const { store, root, owner } = stage;
      const node = await stage.file("f", "still here");
      await store.hold(node, readingAndWriting, owner);
      await store.remove(root, "f", owner);
      expectEqual(await stage.read(node), "still here", "content");
      const after = await stage.write(node, 0, "STILL");
      expectEqual(after.linkCount, 0, "link count");
      expectEqual(await stage.read(node), "STILL here", "content after a write");
      await store.setAttributes(node, { size: 5, mode: 0o600 }, owner);
      expectEqual((await store.getAttributes(node, owner)).size, 5, "size");
      await store.commit(node, owner);
      await store.release(node, readingAndWriting, owner);
      await expectFailure(store.getAttributes(node, owner), ["ESTALE", "ENOENT"], "attributes after the release");
    },
  ),
  contractCase("a held file survives a rename over its name", [], async (stage) => {
    const { store, root, owner } = stage;
    const old = await stage.file("f", "old");
    await stage.file("g", "new");
    await store.hold(old, reading, owner);
    await store.rename(root, "g", root, "f", "replace", owner);
    expectEqual(await stage.read(old), "old", "content of the replaced file");
    await store.release(old, reading, owner);
  }),
  contractCase(
    "a held directory goes on without a name and without entries, and is gone after the release",
    [],
    async (stage) => {
      const { store, root, owner } = stage;
      const node = await stage.directory("d");
      await store.hold(node, reading, owner);
      await store.removeDirectory(root, "d", owner);
      await expectLivingWithoutName(stage, node);
      await store.release(node, reading, owner);
      await expectFailure(store.getAttributes(node, owner), ["ESTALE", "ENOENT"], "attributes after the release");
    },
  ),
  contractCase("a held directory survives a rename over its name", [], async (stage) => {
    const { store, root, owner } = stage;
    const old = await stage.directory("d");
    const other = await stage.directory("e");
    await store.hold(old, reading, owner);
    await store.rename(root, "e", root, "d", "replace", owner);
    await expectLivingWithoutName(stage, old);
    expectEqual((await store.lookup(root, "d", owner)).node, other, "the node of the name");
    await store.release(old, reading, owner);
  }),
  contractCase("a held directory outlives its removal by another client", [aSecondClient], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.directory("d");
    await store.hold(node, reading, owner);
    await stage.second.removeDirectory((await stage.inSecond()).node, "d", owner);
    await expectLivingWithoutName(stage, node);
    await store.release(node, reading, owner);
    await expectFailure(store.getAttributes(node, owner), ["ESTALE", "ENOENT"], "attributes after the release");
  }),
  contractCase("a held directory is listed although its mode forbids that to others", [twoUsers], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.directory("d");
    await stage.file("f", "", 0o644, node);
    await store.hold(node, reading, owner);
    await store.setAttributes(node, { mode: 0 }, owner);
    expectEqual((await stage.names(node)).join(), "f", "names");
    await expectFailure(store.list(node, stage.stranger), "EACCES", "the names for another");
    await store.release(node, reading, owner);
    await expectFailure(store.list(node, owner), "EACCES", "the names after the release");
  }),
  contractCase("a held directory is reached, and what is in it, when the way to it is closed", [], async (stage) => {
    const { store, owner } = stage;
    const way = await stage.directory("way");
    const node = await stage.directory("d", 0o755, way);
    const inner = await stage.directory("inner", 0o755, node);
    await stage.file("f", "content", 0o644, inner);
    await store.hold(node, reading, owner);
    await store.setAttributes(way, { mode: 0 }, owner);
    try {
      expectEqual((await store.setAttributes(node, { mode: 0o700 }, owner)).mode, 0o700, "mode");
      expectEqual((await stage.names(node)).join(), "inner", "names");
      const file = await store.lookup(inner, "f", owner);
      await store.hold(file.node, reading, owner);
      expectEqual(await stage.read(file.node), "content", "content");
      await store.release(file.node, reading, owner);
      await store.makeDirectory(node, "made", 0o755, owner);
      await store.commit(node, owner);
      await store.release(node, reading, owner);
    } finally {
      await store.setAttributes(way, { mode: 0o700 }, owner);
    }
    expectEqual((await stage.names(node)).join(), "inner,made", "names when the way is open again");
  }),
  contractCase("a directory is not held for writing", [], async (stage) => {
    const node = await stage.directory("d");
    await expectFailure(stage.store.hold(node, writing, stage.owner), "EISDIR", "a hold for writing");
    await expectFailure(stage.store.hold(node, readingAndWriting, stage.owner), "EISDIR", "a hold for both");
  }),
  contractCase("holds are counted", [], async (stage) => {
    const { store, root, owner } = stage;
    const node = await stage.file("f", "x");
    await store.hold(node, reading, owner);
    await store.hold(node, readingAndWriting, owner);
    await store.remove(root, "f", owner);
    await store.release(node, readingAndWriting, owner);
    expectEqual(await stage.read(node), "x", "content with one hold left");
    await store.release(node, reading, owner);
    await expectFailure(stage.read(node), ["ESTALE", "ENOENT"], "content without holds");
  }),
  contractCase("the maker of a file holds it although its mode would forbid it, once", [], async (stage) => {
    const { store, root, owner } = stage;
    const { node } = await store.createFile(root, "object", 0o444, owner);
    await store.hold(node, readingAndWriting, owner);
    await stage.write(node, 0, "content");
    await store.release(node, readingAndWriting, owner);
    await expectFailure(store.hold(node, writing, owner), "EACCES", "a second hold");
    expectEqual(await stage.read(node), "content", "content");
  }),
  contractCase("a hold outlives our own change of the mode", [], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f", "....");
    await store.hold(node, readingAndWriting, owner);
    await store.setAttributes(node, { mode: 0o400 }, owner);
    await stage.write(node, 0, "w400");
    await store.setAttributes(node, { mode: 0o000 }, owner);
    await stage.write(node, 0, "w000");
    expectEqual(await stage.read(node), "w000", "content");
    await store.release(node, readingAndWriting, owner);
    await expectFailure(stage.read(node), "EACCES", "read after the release");
    await expectFailure(store.write(node, 0, [bytesOf("x")], undefined, owner), "EACCES", "write after the release");
  }),
  contractCase("a hold of one credential is none of another", [twoUsers], async (stage) => {
    const node = await stage.file("f", "x", 0o600);
    await stage.store.hold(node, readingAndWriting, stage.owner);
    await expectFailure(stage.read(node, 0, 1, stage.stranger), "EACCES", "read by another");
    const write = stage.store.write(node, 0, [bytesOf("y")], undefined, stage.stranger);
    await expectFailure(write, "EACCES", "write by another");
    await stage.store.release(node, readingAndWriting, stage.owner);
  }),
  contractCase("a hold for reading gives no right to write", [], async (stage) => {
    const node = await stage.file("f", "x", 0o400);
    await stage.store.hold(node, reading, stage.owner);
    await expectFailure(stage.store.write(node, 0, [bytesOf("y")], undefined, stage.owner), "EACCES", "write");
    await stage.store.release(node, reading, stage.owner);
  }),
  contractCase(
    "another client's change of the mode ends the right: the next write is EACCES",
    [aSecondClient],
    async (stage) => {
      const { store, owner } = stage;
      const node = await stage.file("f", "before");
      await store.hold(node, readingAndWriting, owner);
      await stage.write(node, 0, "BEFORE");
      const theirs = await stage.inSecond("f");
      await stage.second.setAttributes(theirs.node, { mode: 0o400 }, owner);
      await expectFailure(store.write(node, 0, [bytesOf("after")], undefined, owner), "EACCES", "write");
      expectEqual(await stage.read(node), "BEFORE", "reading is still permitted by the mode");
      await stage.second.setAttributes(theirs.node, { mode: 0o600 }, owner);
      await stage.write(node, 0, "again!");
      await store.release(node, readingAndWriting, owner);
    },
  ),
  contractCase("opening for reading does not bring back an ended right to write", [aSecondClient], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f", "before");
    await store.hold(node, readingAndWriting, owner);
    const theirs = await stage.inSecond("f");
    await stage.second.setAttributes(theirs.node, { mode: 0o400 }, owner);
    await store.hold(node, reading, owner);
    await expectFailure(store.write(node, 0, [bytesOf("after")], undefined, owner), "EACCES", "write");
    expectEqual(await stage.read(node), "before", "content");
    await stage.second.setAttributes(theirs.node, { mode: 0o200 }, owner);
    await store.hold(node, writing, owner);
    await stage.write(node, 0, "again!");
    await expectFailure(stage.read(node), "EACCES", "read after opening for writing");
    await store.release(node, writing, owner);
    await store.release(node, reading, owner);
    await store.release(node, readingAndWriting, owner);
  }),
  contractCase(
    "another client's change of the owner ends the right",
    [aSecondClient, twoUsers, aSuperuser],
    async (stage) => {
      const { store, owner, stranger } = stage;
      const node = await stage.file("f", "x", 0o600);
      await store.hold(node, readingAndWriting, owner);
      const theirs = await stage.inSecond("f");
      await stage.second.setAttributes(theirs.node, { uid: stranger.credential.uid }, stage.superuser);
      await expectFailure(store.write(node, 0, [bytesOf("y")], undefined, owner), "EACCES", "write");
      await expectFailure(stage.read(node), "EACCES", "read");
      expectEqual(await stage.read(node, 0, 1, stranger), "x", "content for the new owner");
      await store.release(node, readingAndWriting, owner);
    },
  ),
  contractCase(
    "another client's change of what lends no rights leaves the hold alone",
    [aSecondClient],
    async (stage) => {
      const { store, root, owner } = stage;
      const { node } = await store.createFile(root, "f", 0o444, owner);
      await store.hold(node, readingAndWriting, owner);
      const theirs = await stage.inSecond("f");
      await stage.second.setAttributes(theirs.node, { modifyTimeNs: 5n }, owner);
      await stage.second.rename(
        (await stage.inSecond()).node,
        "f",
        (await stage.inSecond()).node,
        "g",
        "replace",
        owner,
      );
      await stage.write(node, 0, "written");
      expectEqual(await stage.read(node), "written", "content");
      await store.release(node, readingAndWriting, owner);
    },
  ),
  contractCase(
    "a held file is read after another client removed it",
    [aSecondClient, promised("hardLinks")],
    async (stage) => {
      const { store, owner } = stage;
      const node = await stage.file("f", "kept");
      await store.hold(node, reading, owner);
      await stage.second.remove((await stage.inSecond()).node, "f", owner);
      expectEqual(await stage.read(node), "kept", "content");
      await store.release(node, reading, owner);
      await expectFailure(stage.read(node), ["ESTALE", "ENOENT"], "content after the release");
    },
  ),
];

/** A removed directory has attributes that can be asked for and changed, and nothing can be made in it. */
async function expectLivingWithoutName({ store, owner }: Stage, node: NodeId): Promise<void> {
  expectEqual((await store.getAttributes(node, owner)).linkCount, 0, "link count");
  const changed = await store.setAttributes(node, { mode: 0o700, modifyTimeNs: 14_676_107_865_548_870n }, owner);
  expectEqual(changed.mode, 0o700, "mode");
  expectEqual(changed.modifyTimeNs, 14_676_107_865_548_870n, "modify time");
  if (store.manifest.extendedAttributes) {
    await store.setExtendedAttribute(node, "user.a", bytesOf("value"), "any", owner);
    expectEqual((await store.listExtendedAttributes(node, owner)).join(), "user.a", "extended attributes");
  }
  await store.commit(node, owner);
  expectEqual((await store.list(node, owner)).length, 0, "names");
  await expectFailure(store.makeDirectory(node, "in", 0o755, owner), "ENOENT", "a directory in it");
  await expectFailure(store.createFile(node, "in", 0o644, owner), "ENOENT", "a file in it");
}
