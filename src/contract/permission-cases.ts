/** Permission is decided for the credential of every operation: mode bits, owner, groups, sticky and search permission. */
import type { Credential } from "../port/index.ts";
import { aSuperuser, type ContractStep, contractCase, promised, twoUsers } from "./contract-case.ts";
import { expectEqual, expectFailure } from "./expectation.ts";
import { callOf, reading, type Stage, writing } from "./stage.ts";

/** The stranger with one more group. */
function member(stage: Stage, gid: number): Credential {
  const { uid, gid: own, id } = stage.stranger.credential;
  return { id: `${id}+${gid}`, uid, gid: own, groups: [gid] };
}

const executing = { read: false, write: false, execute: true };

export const permissionCases: readonly ContractStep[] = [
  contractCase("the mode bits of others decide for a stranger", [twoUsers], async (stage) => {
    const node = await stage.file("f", "secret", 0o640);
    const frame = [new Uint8Array(8)];
    await expectFailure(stage.store.read(node, 0, frame, stage.stranger), "EACCES", "read");
    await expectFailure(stage.store.write(node, 0, frame, undefined, stage.stranger), "EACCES", "write");
    await expectFailure(stage.store.hold(node, reading, stage.stranger), "EACCES", "hold for reading");
    await expectFailure(stage.store.access(node, reading, stage.stranger), "EACCES", "access");
    await stage.store.setAttributes(node, { mode: 0o644 }, stage.owner);
    expectEqual(await stage.read(node, 0, 6, stage.stranger), "secret", "content");
    await stage.store.access(node, reading, stage.stranger);
    await expectFailure(stage.store.write(node, 0, frame, undefined, stage.stranger), "EACCES", "write");
    await expectFailure(stage.store.setAttributes(node, { size: 0 }, stage.stranger), "EACCES", "truncate");
    await expectFailure(stage.store.punchHole(node, 0, 1, stage.stranger), ["EACCES", "ENOTSUP"], "punch");
    expectEqual(await stage.read(node), "secret", "content afterwards");
  }),
  contractCase("the owner's bits decide for the owner, although others may more", [], async (stage) => {
    const node = await stage.file("f", "x", 0o077);
    await expectFailure(stage.store.hold(node, reading, stage.owner), "EACCES", "hold");
    await expectFailure(stage.store.access(node, writing, stage.owner), "EACCES", "access");
    await stage.store.setAttributes(node, { mode: 0o400 }, stage.owner);
    await stage.store.access(node, reading, stage.owner);
    await expectFailure(stage.store.access(node, executing, stage.owner), "EACCES", "execution");
  }),
  contractCase("supplementary groups count, for and against", [twoUsers, aSuperuser], async (stage) => {
    const node = await stage.file("f", "group", 0o640);
    await stage.store.setAttributes(node, { gid: 4242 }, stage.superuser);
    const insider = callOf(member(stage, 4242));
    const outsider = callOf(member(stage, 4243));
    expectEqual(await stage.read(node, 0, 5, insider), "group", "content for a member");
    await expectFailure(stage.store.read(node, 0, [new Uint8Array(1)], outsider), "EACCES", "read by another");
    await stage.store.setAttributes(node, { mode: 0o604 }, stage.owner);
    await expectFailure(stage.store.read(node, 0, [new Uint8Array(1)], insider), "EACCES", "the group has less");
    expectEqual(await stage.read(node, 0, 5, outsider), "group", "content for others");
  }),
  contractCase(
    "a lookup needs search permission on the directory, a list needs to read it",
    [twoUsers],
    async (stage) => {
      const directory = await stage.directory("d", 0o711);
      await stage.file("f", "", 0o644, directory);
      await stage.store.lookup(directory, "f", stage.stranger);
      await expectFailure(stage.store.list(directory, stage.stranger), "EACCES", "list without r");
      await stage.store.setAttributes(directory, { mode: 0o744 }, stage.owner);
      await expectFailure(stage.store.lookup(directory, "f", stage.stranger), "EACCES", "lookup without x");
      await expectFailure(
        stage.store.lookup(directory, "none", stage.stranger),
        "EACCES",
        "lookup of nothing without x",
      );
      const entries = await stage.store.list(directory, stage.stranger);
      expectEqual(entries.length, 1, "names");
    },
  ),
  contractCase("the owner of a directory is bound by its own bits", [], async (stage) => {
    const directory = await stage.directory("d");
    await stage.file("f", "", 0o644, directory);
    await stage.store.setAttributes(directory, { mode: 0o600 }, stage.owner);
    await expectFailure(stage.store.lookup(directory, "f", stage.owner), "EACCES", "lookup without x");
    await stage.store.setAttributes(directory, { mode: 0o500 }, stage.owner);
    await expectFailure(stage.store.createFile(directory, "g", 0o644, stage.owner), "EACCES", "create without w");
    await expectFailure(stage.store.remove(directory, "f", stage.owner), "EACCES", "remove without w");
    await stage.store.setAttributes(directory, { mode: 0o700 }, stage.owner);
    expectEqual(await stage.names(directory), ["f"], "names");
  }),
  contractCase("changing names needs write permission on every directory concerned", [twoUsers], async (stage) => {
    const { store, root, owner, stranger } = stage;
    const open = await stage.directory("open", 0o777);
    const closed = await stage.directory("closed", 0o755);
    await stage.file("a", "", 0o666, open);
    const b = await stage.file("b", "", 0o666, closed);
    await expectFailure(store.createFile(closed, "x", 0o644, stranger), "EACCES", "create");
    await expectFailure(store.makeDirectory(closed, "x", 0o755, stranger), "EACCES", "mkdir");
    await expectFailure(store.remove(closed, "b", stranger), "EACCES", "remove");
    await expectFailure(store.rename(open, "a", closed, "x", "replace", stranger), "EACCES", "rename into");
    await expectFailure(store.rename(closed, "b", open, "x", "replace", stranger), "EACCES", "rename out of");
    await expectFailure(store.link(b, closed, "x", stranger), ["EACCES", "EPERM", "ENOTSUP"], "link");
    await expectFailure(store.removeDirectory(root, "open", stranger), ["EACCES"], "rmdir");
    expectEqual(await stage.names(closed), ["b"], "names in the closed directory");
    expectEqual(await stage.names(open), ["a"], "names in the open directory");
    await store.rename(open, "a", open, "c", "replace", stranger);
    expectEqual((await store.lookup(open, "c", owner)).attributes.uid, owner.credential.uid, "owner after the rename");
  }),
  contractCase("what a credential makes belongs to it", [twoUsers], async (stage) => {
    const { store, stranger } = stage;
    const directory = await stage.directory("d", 0o777);
    const made = [
      await store.createFile(directory, "f", 0o600, stranger),
      await store.makeDirectory(directory, "s", 0o700, stranger),
    ];
    if (store.manifest.symbolicLinks) made.push(await store.makeSymbolicLink(directory, "l", "x", stranger));
    if (store.manifest.specialNodes) made.push(await store.makeSpecial(directory, "p", "fifo", 0o600, 0, stranger));
    for (const { attributes } of made) {
      expectEqual(attributes.uid, stranger.credential.uid, `uid of a ${attributes.kind}`);
      expectEqual(attributes.gid, stranger.credential.gid, `gid of a ${attributes.kind}`);
    }
    await expectFailure(stage.read(made[0]?.node ?? ""), "EACCES", "read by somebody else");
  }),
  contractCase("in a sticky directory only owners remove and rename (EPERM)", [twoUsers], async (stage) => {
    const { store, stranger, owner } = stage;
    const directory = await stage.directory("tmp", 0o1777);
    await stage.file("mine", "", 0o666, directory);
    await store.createFile(directory, "theirs", 0o666, stranger);
    await expectFailure(store.remove(directory, "mine", stranger), "EPERM", "remove");
    await expectFailure(store.rename(directory, "mine", directory, "x", "replace", stranger), "EPERM", "rename");
    await expectFailure(store.rename(directory, "theirs", directory, "mine", "replace", stranger), "EPERM", "replace");
    await store.rename(directory, "theirs", directory, "renamed", "replace", stranger);
    await store.remove(directory, "renamed", owner);
    expectEqual(await stage.names(directory), ["mine"], "names");
  }),
  contractCase("mode, owner and times are the owner's to change (EPERM)", [twoUsers], async (stage) => {
    const { store, stranger, owner } = stage;
    const node = await stage.file("f", "x", 0o666);
    await expectFailure(store.setAttributes(node, { mode: 0o777 }, stranger), "EPERM", "chmod");
    await expectFailure(store.setAttributes(node, { uid: stranger.credential.uid }, stranger), "EPERM", "chown");
    await expectFailure(store.setAttributes(node, { gid: stranger.credential.gid }, stranger), "EPERM", "chgrp");
    await expectFailure(store.setAttributes(node, { modifyTimeNs: 1n }, stranger), "EPERM", "utimes");
    await expectFailure(store.setAttributes(node, { uid: stranger.credential.uid }, owner), "EPERM", "giving away");
    await expectFailure(store.setAttributes(node, { gid: 4242 }, owner), "EPERM", "a group one is no member of");
    await store.setAttributes(node, { accessTimeNs: "now", modifyTimeNs: "now" }, stranger);
    await store.setAttributes(node, { mode: 0o644 }, owner);
    const now = store.setAttributes(node, { accessTimeNs: "now", modifyTimeNs: "now" }, stranger);
    await expectFailure(now, "EACCES", "touch without write permission");
    expectEqual((await store.getAttributes(node, owner)).mode, 0o644, "mode");
  }),
  contractCase("an owner changes to a group of its own", [aSuperuser], async (stage) => {
    const { uid, gid, id } = stage.owner.credential;
    const node = await stage.file("f");
    const inGroup = callOf({ id: `${id}+4242`, uid, gid, groups: [4242] });
    expectEqual((await stage.store.setAttributes(node, { gid: 4242 }, inGroup)).gid, 4242, "gid");
  }),
  contractCase("refused changes change nothing, not even those that were permitted", [twoUsers], async (stage) => {
    const node = await stage.file("f", "whole", 0o666);
    const before = await stage.store.getAttributes(node, stage.owner);
    await expectFailure(stage.store.setAttributes(node, { size: 0, mode: 0o777 }, stage.stranger), "EPERM", "both");
    const after = await stage.store.getAttributes(node, stage.owner);
    expectEqual([after.size, after.mode, after.version], [before.size, before.mode, before.version], "attributes");
  }),
  contractCase("the superuser passes, but executes only what someone may execute", [aSuperuser], async (stage) => {
    const node = await stage.file("f", "x", 0o000);
    expectEqual(await stage.read(node, 0, 1, stage.superuser), "x", "content");
    await stage.write(node, 0, "y", stage.superuser);
    await expectFailure(stage.store.access(node, executing, stage.superuser), "EACCES", "execution");
    await stage.store.setAttributes(node, { mode: 0o001 }, stage.superuser);
    await stage.store.access(node, executing, stage.superuser);
  }),
  contractCase("what one may not write is not one's to link", [twoUsers, promised("hardLinks")], async (stage) => {
    const directory = await stage.directory("d", 0o777);
    const node = await stage.file("f", "", 0o644, directory);
    await expectFailure(stage.store.link(node, directory, "l", stage.stranger), ["EPERM", "EACCES"], "link");
  }),
];
