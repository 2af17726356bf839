/** Durability: what survives the server's crash, by itself or after a commit. */
import { aCrash, type ContractStep, contractCase, promised } from "./contract-case.ts";
import { expectEqual, expectFailure } from "./expectation.ts";

export const durabilityCases: readonly ContractStep[] = [
  contractCase("files, directories and the root can be committed, again and again", [], async (stage) => {
    const { store, root, owner } = stage;
    const directory = await stage.directory("d");
    const node = await stage.file("f", "x", 0o644, directory);
    for (let times = 0; times < 2; times++) {
      await store.commit(node, owner);
      await store.commit(directory, owner);
      await store.commit(root, owner);
    }
    await store.rename(directory, "f", root, "g", "replace", owner);
    await store.commit(node, owner);
    expectEqual(await stage.read(node), "x", "content");
  }),
  contractCase("what was committed survives a crash", [aCrash], async (stage) => {
    const node = await stage.file("f", "committed");
    await stage.store.commit(node, stage.owner);
    await stage.world.crash?.();
    expectEqual(await stage.read(node), "committed", "content");
  }),
  contractCase(
    "volatile writes are lost by a crash, their commit says so, and the version changes",
    [aCrash, promised("durability", "volatile")],
    async (stage) => {
      const { store, owner } = stage;
      const node = await stage.file("f", "old");
      await store.commit(node, owner);
      const { version } = await stage.write(node, 0, "new");
      await stage.world.crash?.();
      expectEqual(await stage.read(node), "old", "content");
      await expectFailure(store.commit(node, owner), "EIO", "commit after the crash");
      if (store.manifest.conditionalWrites) {
        await expectFailure(store.write(node, 0, [new Uint8Array(1)], version, owner), "ESTALE", "write");
      }
      await stage.write(node, 0, "NEW");
      await store.commit(node, owner);
      await stage.world.crash?.();
      expectEqual(await stage.read(node), "NEW", "content after a commit");
    },
  ),
  contractCase(
    "stable writes survive a crash without a commit",
    [aCrash, promised("durability", "stable")],
    async (stage) => {
      const node = await stage.file("f", "old");
      await stage.write(node, 0, "new");
      await stage.world.crash?.();
      expectEqual(await stage.read(node), "new", "content");
      await stage.store.commit(node, stage.owner);
    },
  ),
];
