/** Two clients of one server: each sees what the other does, and hears of it where the manifest promises reports. */
import type { StoreChange } from "../port/index.ts";
import { aSecondClient, type ContractStep, contractCase, promised } from "./contract-case.ts";
import { ContractViolation, expect, expectEqual, expectFailure } from "./expectation.ts";
import { bytesOf, readText, type Stage } from "./stage.ts";

/** Gives other work its turn until the condition holds; many turns, and then no more. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (condition()) return;
    await Promise.resolve();
  }
  throw new ContractViolation(`expected: ${what}`);
}

function reports(stage: Stage): StoreChange[] {
  const seen: StoreChange[] = [];
  stage.store.watch((change) => seen.push(change));
  return seen;
}

export const secondClientCases: readonly ContractStep[] = [
  contractCase("what one client makes, writes, renames and removes the other sees", [aSecondClient], async (stage) => {
    const { store, second, root, owner } = stage;
    const theirRoot = (await stage.inSecond()).node;
    const node = await stage.file("f", "one");
    const theirs = await stage.inSecond("f");
    expectEqual(await readText(second, theirs.node, 0, 10, owner), "one", "content for the second");
    await second.write(theirs.node, 0, [bytesOf("two")], undefined, owner);
    expectEqual(await stage.read(node), "two", "content for the first");
    await second.rename(theirRoot, "f", theirRoot, "g", "replace", owner);
    expectEqual((await store.lookup(root, "g", owner)).node, node, "node under the new name");
    await expectFailure(store.lookup(root, "f", owner), "ENOENT", "the old name");
    await second.remove(theirRoot, "g", owner);
    await expectFailure(store.lookup(root, "g", owner), "ENOENT", "the removed name");
    await expectFailure(store.getAttributes(node, owner), ["ESTALE", "ENOENT"], "the removed node");
  }),
  contractCase(
    "a node that another client renamed in its directory is found by its id",
    [aSecondClient],
    async (stage) => {
      const { owner } = stage;
      const node = await stage.file("f", "moved");
      const directory = await stage.directory("d");
      const inside = await stage.file("x", "inside", 0o644, directory);
      const theirRoot = (await stage.inSecond()).node;
      await stage.second.rename(theirRoot, "f", theirRoot, "g", "replace", owner);
      await stage.second.rename(theirRoot, "d", theirRoot, "e", "replace", owner);
      expectEqual(await stage.read(node), "moved", "content");
      expectEqual(await stage.read(inside), "inside", "content below a renamed directory");
    },
  ),
  contractCase("a new file under an old name is another node", [aSecondClient], async (stage) => {
    const { store, root, owner } = stage;
    const old = await stage.file("f", "old");
    const theirRoot = (await stage.inSecond()).node;
    await stage.second.remove(theirRoot, "f", owner);
    const { node: theirs } = await stage.second.createFile(theirRoot, "f", 0o644, owner);
    await stage.second.write(theirs, 0, [bytesOf("new")], undefined, owner);
    const found = await store.lookup(root, "f", owner);
    expect(found.node !== old, "the new file has another id");
    expectEqual(await stage.read(found.node), "new", "content of the new file");
    const write = store.write(old, 0, [bytesOf("lost")], undefined, owner);
    await expectFailure(write, ["ESTALE", "ENOENT"], "write to the old file");
    expectEqual(await stage.read(found.node), "new", "content afterwards");
  }),
  contractCase(
    "a directory that another client replaced by a symbolic link is not followed",
    [aSecondClient, promised("symbolicLinks")],
    async (stage) => {
      const { store, second, owner } = stage;
      const directory = await stage.directory("d");
      const inside = await stage.file("f", "inside", 0o644, directory);
      await stage.directory("elsewhere");
      const theirRoot = (await stage.inSecond()).node;
      await second.rename(theirRoot, "d", (await stage.inSecond("elsewhere")).node, "d", "replace", owner);
      await second.makeSymbolicLink(theirRoot, "d", "elsewhere/d", owner);
      const gone = ["ESTALE", "ENOENT"] as const;
      const outcome = await store.createFile(directory, "new", 0o644, owner).catch((failure: unknown) => failure);
      const elsewhere = await second.list((await stage.inSecond("elsewhere", "d")).node, owner);
      if (outcome instanceof Error) {
        expectEqual(elsewhere.length, 1, "names in the moved directory after a refusal");
        await expectFailure(Promise.reject(outcome), gone, "create");
      } else expectEqual(elsewhere.length, 2, "names in the directory that was followed by its id");
      const read = await stage.read(inside).catch((failure: unknown) => failure);
      if (read instanceof Error) await expectFailure(Promise.reject(read), gone, "read");
      else expectEqual(read, "inside", "content");
    },
  ),
  contractCase(
    "changes by others are reported, our own are not",
    [aSecondClient, promised("reportsChanges")],
    async (stage) => {
      const { store, second, root, owner } = stage;
      const node = await stage.file("f", "x");
      const seen = reports(stage);
      await stage.write(node, 0, "y");
      await store.setAttributes(node, { mode: 0o600 }, owner);
      const theirs = await stage.inSecond("f");
      await second.write(theirs.node, 0, [bytesOf("z")], undefined, owner);
      await until(() => seen.length > 0, "a report of the other's write");
      expectEqual(seen[0]?.node, node, "node of the first report");
      expectEqual(seen[0]?.what, "content", "what the first report says");
      await second.setAttributes(theirs.node, { mode: 0o644 }, owner);
      await until(() => seen.some((change) => change.what === "attributes"), "a report of the other's change of mode");
      await second.remove((await stage.inSecond()).node, "f", owner);
      await until(() => seen.some((change) => change.node === node && change.what === "removed"), "of the removal");
      await until(() => seen.some((change) => change.node === root && change.what === "entries"), "of the directory");
    },
  ),
  contractCase("reports end when they are told to", [aSecondClient, promised("reportsChanges")], async (stage) => {
    const seen: StoreChange[] = [];
    const end = stage.store.watch((change) => seen.push(change));
    const other = reports(stage);
    await stage.file("f");
    end();
    const theirs = await stage.inSecond("f");
    await stage.second.write(theirs.node, 0, [bytesOf("z")], undefined, stage.owner);
    await until(() => other.length > 0, "a report to the listener that stayed");
    expectEqual(seen.length, 0, "reports to the listener that left");
  }),
];
