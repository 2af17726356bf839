/** Attributes: modes, owners, times to the nanosecond, sizes. */
import { aSuperuser, type ContractStep, contractCase, promised } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";

export const attributeCases: readonly ContractStep[] = [
  contractCase("the root is a directory, and is found again under its id", [], async (stage) => {
    const { node, attributes } = await stage.store.root(stage.owner);
    expectEqual(attributes.kind, "directory", "kind");
    expectEqual(node, stage.root, "id");
    expectEqual((await stage.store.getAttributes(node, stage.owner)).inode, attributes.inode, "inode");
  }),
  contractCase("permission bits are taken as they are given, whatever the server's umask", [], async (stage) => {
    for (const mode of [0o777, 0o666, 0o000, 0o200, 0o4711, 0o1777]) {
      const { attributes } = await stage.store.createFile(stage.root, `f${mode}`, mode, stage.owner);
      expectEqual(attributes.mode, mode, `mode ${mode.toString(8)}`);
    }
    const { attributes } = await stage.store.makeDirectory(stage.root, "d", 0o1777, stage.owner);
    expectEqual(attributes.mode, 0o1777, "mode of a directory");
  }),
  contractCase("a changed mode shows, and nothing else changes with it", [], async (stage) => {
    const node = await stage.file("f", "content");
    const before = await stage.store.getAttributes(node, stage.owner);
    const changed = await stage.store.setAttributes(node, { mode: 0o600 }, stage.owner);
    expectEqual(changed.mode, 0o600, "mode");
    expectEqual(changed.size, before.size, "size");
    expectEqual(changed.modifyTimeNs, before.modifyTimeNs, "time of modification");
    expectEqual(changed.version, before.version, "version");
    expect(changed.changeTimeNs >= before.changeTimeNs, "the time of change does not go back");
  }),
  contractCase("times are kept to the nanosecond, before 1970 and after 2038 too", [], async (stage) => {
    const node = await stage.file("f");
    for (const time of [0n, 1n, 1_234_567_890_123_456_789n, -1n, -1_500_000_000n, 4_102_444_800_000_000_001n]) {
      const given = { accessTimeNs: time + 1n, modifyTimeNs: time };
      const changed = await stage.store.setAttributes(node, given, stage.owner);
      expectEqual(changed.modifyTimeNs, time, "time of modification");
      expectEqual(changed.accessTimeNs, time + 1n, "time of access");
    }
    const later = await stage.store.setAttributes(node, { accessTimeNs: 5n }, stage.owner);
    expectEqual(later.accessTimeNs, 5n, "time of access");
    expectEqual(later.modifyTimeNs, 4_102_444_800_000_000_001n, "the other time stays");
    const now = await stage.store.setAttributes(node, { modifyTimeNs: "now" }, stage.owner);
    expect(now.modifyTimeNs > 1_600_000_000_000_000_000n, "the server's clock is later than 2020");
    expect(now.modifyTimeNs < 4_102_444_800_000_000_001n, "the server's clock is earlier than 2100");
  }),
  contractCase("times of a symbolic link are its own", [promised("symbolicLinks")], async (stage) => {
    const target = await stage.file("f");
    const before = await stage.store.getAttributes(target, stage.owner);
    const { node } = await stage.store.makeSymbolicLink(stage.root, "l", "f", stage.owner);
    const changed = await stage.store.setAttributes(node, { modifyTimeNs: 42n }, stage.owner);
    expectEqual(changed.modifyTimeNs, 42n, "time of the link");
    const after = await stage.store.getAttributes(target, stage.owner);
    expectEqual(after.modifyTimeNs, before.modifyTimeNs, "time of the file");
  }),
  contractCase("a size cuts the file, or extends it with zeros", [], async (stage) => {
    const node = await stage.file("f", "0123456789");
    const cut = await stage.store.setAttributes(node, { size: 4 }, stage.owner);
    expectEqual(cut.size, 4, "size after the cut");
    expectEqual(await stage.read(node), "0123", "content after the cut");
    await stage.store.setAttributes(node, { size: 8 }, stage.owner);
    expectEqual(await stage.read(node), "0123\0\0\0\0", "nothing of the cut comes back");
    await expectFailure(stage.store.setAttributes(stage.root, { size: 0 }, stage.owner), "EISDIR", "of a directory");
  }),
  contractCase("a write moves the time of modification on", [], async (stage) => {
    const node = await stage.file("f");
    const { modifyTimeNs } = await stage.store.setAttributes(node, { modifyTimeNs: 7n }, stage.owner);
    expectEqual(modifyTimeNs, 7n, "time before");
    const after = await stage.write(node, 0, "x");
    expect(after.modifyTimeNs > 7n, "the write set the time of modification");
  }),
  contractCase("the superuser gives files away, and set-id bits do not go with them", [aSuperuser], async (stage) => {
    const node = await stage.file("f");
    await stage.store.setAttributes(node, { mode: 0o6755 }, stage.owner);
    const given = await stage.store.setAttributes(node, { uid: 12345, gid: 54321 }, stage.superuser);
    expectEqual(given.uid, 12345, "uid");
    expectEqual(given.gid, 54321, "gid");
    expectEqual(given.mode, 0o755, "mode");
  }),
  contractCase("set-id bits go when the writer asks for it", [], async (stage) => {
    const node = await stage.file("f");
    await stage.store.setAttributes(node, { mode: 0o4755 }, stage.owner);
    const after = await stage.store.setAttributes(node, { killSetId: true }, stage.owner);
    const isOrdinary = after.mode === 0o755 || stage.world.superuser === undefined;
    expect(isOrdinary, `mode 755 after killSetId, got ${after.mode.toString(8)}`);
  }),
  contractCase("a new node in a set-group-id directory has its group", [aSuperuser], async (stage) => {
    const directory = await stage.directory("d");
    await stage.store.setAttributes(directory, { gid: 54321 }, stage.superuser);
    await stage.store.setAttributes(directory, { mode: 0o2777 }, stage.superuser);
    const file = await stage.store.createFile(directory, "f", 0o644, stage.owner);
    expectEqual(file.attributes.gid, 54321, "gid of the file");
    const sub = await stage.store.makeDirectory(directory, "sub", 0o755, stage.owner);
    expectEqual(sub.attributes.gid, 54321, "gid of the directory");
    expectEqual(sub.attributes.mode, 0o2755, "mode of the directory");
  }),
  contractCase("device nodes are for the superuser and keep their numbers", [aSuperuser], async (stage) => {
    const { store, root } = stage;
    const device = (1 << 8) | 3;
    const refused = store.makeSpecial(root, "null", "characterDevice", 0o666, device, stage.owner);
    await expectFailure(refused, ["EPERM", "EACCES", "ENOTSUP"], "by an ordinary user");
    if (!store.manifest.specialNodes) return;
    const { attributes } = await store.makeSpecial(root, "null", "characterDevice", 0o666, device, stage.superuser);
    expectEqual(attributes.kind, "characterDevice", "kind");
    expectEqual(attributes.device, device, "device");
  }),
  contractCase("the file system's statistics are whole numbers that make sense", [], async (stage) => {
    const statistics = await stage.store.statistics(stage.root, stage.owner);
    expect(statistics.blockSize > 0, "a block has bytes");
    expect(statistics.blocksAvailable <= statistics.blocksFree, "available blocks are free");
    expect(statistics.blocksFree <= statistics.blocks, "free blocks are blocks");
    expect(statistics.nameBytesMax >= 1, "names have a length");
  }),
];
