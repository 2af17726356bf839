/** Renames: replace, noReplace, exchange; nodes keep their ids. */
import { type ContractStep, contractCase } from "./contract-case.ts";
import { expectEqual, expectFailure } from "./expectation.ts";

export const renameCases: readonly ContractStep[] = [
  contractCase("a rename keeps the node, and replaces what was at the new name", [], async (stage) => {
    const { store, root, owner } = stage;
    const moved = await stage.file("a", "moved");
    const victim = await stage.file("b", "victim");
    await store.rename(root, "a", root, "b", "replace", owner);
    expectEqual(await stage.names(root), ["b"], "names");
    expectEqual((await store.lookup(root, "b", owner)).node, moved, "node");
    expectEqual(await stage.read(moved), "moved", "content");
    await expectFailure(store.getAttributes(victim, owner), ["ESTALE", "ENOENT"], "the replaced node");
  }),
  contractCase("noReplace leaves what is there (EEXIST)", [], async (stage) => {
    const { store, root, owner } = stage;
    const a = await stage.file("a", "a");
    const b = await stage.file("b", "b");
    await expectFailure(store.rename(root, "a", root, "b", "noReplace", owner), "EEXIST", "rename");
    expectEqual(await stage.read(a), "a", "source");
    expectEqual(await stage.read(b), "b", "target");
    await store.rename(root, "a", root, "c", "noReplace", owner);
    expectEqual(await stage.names(root), ["b", "c"], "names");
  }),
  contractCase("exchange swaps two names, of whatever kind; both must be there", [], async (stage) => {
    const { store, root, owner } = stage;
    const file = await stage.file("f", "file");
    const directory = await stage.directory("d");
    const inside = await stage.file("inside", "in", 0o644, directory);
    await store.rename(root, "f", root, "d", "exchange", owner);
    expectEqual((await store.lookup(root, "d", owner)).node, file, "file");
    expectEqual((await store.lookup(root, "f", owner)).node, directory, "directory");
    expectEqual(await stage.read(inside), "in", "content below the moved directory");
    await expectFailure(store.rename(root, "f", root, "none", "exchange", owner), "ENOENT", "exchange with nothing");
  }),
  contractCase("a directory moves with everything in it", [], async (stage) => {
    const { store, owner } = stage;
    const from = await stage.directory("from");
    const to = await stage.directory("to");
    const tree = await stage.directory("tree", 0o755, from);
    const deep = await stage.directory("deep", 0o755, tree);
    const file = await stage.file("f", "deep", 0o644, deep);
    await store.rename(from, "tree", to, "moved", "replace", owner);
    expectEqual(await stage.read(file), "deep", "content");
    await stage.file("g", "new", 0o644, deep);
    expectEqual(await stage.names(deep), ["f", "g"], "names");
    expectEqual((await store.lookup(to, "moved", owner)).node, tree, "node");
    await expectFailure(store.lookup(from, "tree", owner), "ENOENT", "the old name");
  }),
  contractCase("a directory does not move into itself (EINVAL)", [], async (stage) => {
    const { store, root, owner } = stage;
    const outer = await stage.directory("outer");
    const inner = await stage.directory("inner", 0o755, outer);
    await expectFailure(store.rename(root, "outer", inner, "x", "replace", owner), "EINVAL", "rename");
    await expectFailure(store.rename(root, "outer", outer, "x", "replace", owner), "EINVAL", "rename");
  }),
  contractCase("kinds must match when a name is replaced", [], async (stage) => {
    const { store, root, owner } = stage;
    await stage.file("f");
    await stage.directory("d");
    const full = await stage.directory("full");
    await stage.file("x", "", 0o644, full);
    await expectFailure(store.rename(root, "f", root, "d", "replace", owner), "EISDIR", "file over directory");
    await expectFailure(store.rename(root, "d", root, "f", "replace", owner), "ENOTDIR", "directory over file");
    await expectFailure(store.rename(root, "d", root, "full", "replace", owner), ["ENOTEMPTY", "EEXIST"], "over full");
    await store.rename(root, "full", root, "d", "replace", owner);
    expectEqual(await stage.names(full), ["x"], "names in the moved directory");
  }),
  contractCase("a rename of a name onto its own node does nothing", [], async (stage) => {
    const { store, root, owner } = stage;
    const node = await stage.file("a", "same");
    await store.rename(root, "a", root, "a", "replace", owner);
    expectEqual(await stage.read(node), "same", "content");
    if (!store.manifest.hardLinks) return;
    await store.link(node, root, "b", owner);
    await store.rename(root, "a", root, "b", "replace", owner);
    expectEqual(await stage.names(root), ["a", "b"], "both names stay");
  }),
  contractCase("a rename of nothing is ENOENT", [], async (stage) => {
    await expectFailure(
      stage.store.rename(stage.root, "none", stage.root, "x", "replace", stage.owner),
      "ENOENT",
      "rename",
    );
  }),
];
