/** Many operations at once: each is whole, and none is lost. */
import { Failure } from "../base/index.ts";
import { type ContractStep, contractCase } from "./contract-case.ts";
import { ContractViolation, expectEqual } from "./expectation.ts";
import { reading, type Stage } from "./stage.ts";

const times = Array.from({ length: 50 }, (_, at) => at);

/** How many of the operations succeeded; all others must have failed with the code. */
async function winners(operations: readonly Promise<unknown>[], code: string): Promise<number> {
  let count = 0;
  for (const outcome of await Promise.allSettled(operations)) {
    if (outcome.status === "fulfilled") count++;
    else if (!(outcome.reason instanceof Failure) || outcome.reason.code !== code) {
      throw new ContractViolation(`expected ${code}, got ${String(outcome.reason)}`);
    }
  }
  return count;
}

async function holdReadRelease(stage: Stage, node: string): Promise<void> {
  await stage.store.hold(node, reading, stage.owner);
  expectEqual(await stage.read(node, 0, 1), "x", "content");
  await stage.store.release(node, reading, stage.owner);
}

export const concurrencyCases: readonly ContractStep[] = [
  contractCase("of many that make one name one succeeds", [], async (stage) => {
    const { store, root, owner } = stage;
    expectEqual(
      await winners(
        times.map(() => store.createFile(root, "f", 0o644, owner)),
        "EEXIST",
      ),
      1,
      "files",
    );
    expectEqual(
      await winners(
        times.map(() => store.makeDirectory(root, "d", 0o755, owner)),
        "EEXIST",
      ),
      1,
      "directories",
    );
    expectEqual(
      await winners(
        times.map(() => store.remove(root, "f", owner)),
        "ENOENT",
      ),
      1,
      "removals",
    );
    expectEqual(await stage.names(root), ["d"], "names");
  }),
  contractCase("names made at once are all there", [], async (stage) => {
    await Promise.all(times.map((at) => stage.file(`f${at}`, `${at}`)));
    expectEqual((await stage.names(stage.root)).length, times.length, "names");
    for (const at of times) {
      const { node } = await stage.store.lookup(stage.root, `f${at}`, stage.owner);
      expectEqual(await stage.read(node), `${at}`, "content");
    }
  }),
  contractCase("a name that is renamed by many ends in one place", [], async (stage) => {
    const { store, root, owner } = stage;
    await stage.file("f", "x");
    const renames = times.map((at) => store.rename(root, "f", root, `g${at}`, "replace", owner));
    expectEqual(await winners(renames, "ENOENT"), 1, "renames");
    expectEqual((await stage.names(root)).length, 1, "names");
  }),
  contractCase("writes to many files at once do not mix", [], async (stage) => {
    const nodes = await Promise.all(times.map((at) => stage.file(`f${at}`)));
    await Promise.all(nodes.map((node, at) => stage.write(node, 0, `file ${at} `.repeat(1000))));
    for (const [at, node] of nodes.entries()) {
      expectEqual(await stage.read(node, 0, 1_000_000), `file ${at} `.repeat(1000), `content of file ${at}`);
    }
  }),
  contractCase("holds that come and go at once leave nothing behind", [], async (stage) => {
    const node = await stage.file("f", "x");
    await Promise.all(times.map(() => holdReadRelease(stage, node)));
    await stage.store.remove(stage.root, "f", stage.owner);
    const after = await stage.read(node).catch((failure: unknown) => (failure instanceof Failure ? failure.code : ""));
    expectEqual(after === "ESTALE" || after === "ENOENT", true, "the node is gone");
  }),
];
