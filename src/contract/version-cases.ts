/** Versions tell contents apart. Conditional writes refuse a file at another version; unconditional ones do not look. */
import { type ChangedAttributes, type NodeId, VersionConflict } from "../port/index.ts";
import { aSecondClient, type ContractStep, contractCase, promised } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";
import { bytesOf, type Stage } from "./stage.ts";

export const versionCases: readonly ContractStep[] = [
  contractCase("every change of the content makes a new version, and reading makes none", [], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f");
    const seen = new Set<string>([(await store.getAttributes(node, owner)).version]);
    const changes = [
      async () => (await stage.write(node, 0, "aaaa")).version,
      async () => (await stage.write(node, 0, "bbbb")).version,
      async () => (await stage.write(node, 0, "aaaa")).version,
      async () => (await store.setAttributes(node, { size: 2 }, owner)).version,
      async () => (await store.setAttributes(node, { size: 4 }, owner)).version,
      async () => (await store.punchHole(node, 0, 1, owner)).version,
    ];
    for (const [at, change] of changes.entries()) {
      const version = await change();
      expect(!seen.has(version), `change ${at} makes a version that was not there before`);
      seen.add(version);
      const read = await store.read(node, 0, [new Uint8Array(8)], owner);
      expectEqual(read.version, version, "version of a read");
      expectEqual((await store.getAttributes(node, owner)).version, version, "version afterwards");
    }
  }),
  contractCase("changes of names and modes are no change of the content", [], async (stage) => {
    const { store, root, owner } = stage;
    const node = await stage.file("f", "x");
    const { version } = await store.getAttributes(node, owner);
    await store.setAttributes(node, { mode: 0o600 }, owner);
    await store.rename(root, "f", root, "g", "replace", owner);
    expectEqual((await store.getAttributes(node, owner)).version, version, "version");
  }),
  contractCase("every change tells the version that it met", [], async (stage) => {
    const node = await stage.file("f", "0000");
    for (const change of changesOf(stage, node)) {
      const { version } = await stage.store.getAttributes(node, stage.owner);
      expectEqual((await change()).previous, version, "version before");
    }
  }),
  contractCase(
    "a change that met another client's tells the version which that made",
    [aSecondClient],
    async (stage) => {
      const node = await stage.file("f", "0000");
      const theirs = await stage.inSecond("f");
      for (const change of changesOf(stage, node)) {
        const { version } = await stage.store.getAttributes(node, stage.owner);
        const { attributes } = await stage.second.write(theirs.node, 0, [bytesOf("them")], undefined, stage.owner);
        expect(attributes.version !== version, "the other client makes a version that was not there before");
        expectEqual((await change()).previous, attributes.version, "version before");
      }
    },
  ),
  contractCase("writes at the expected version follow each other", [promised("conditionalWrites")], async (stage) => {
    const node = await stage.file("f", "0000");
    let { version } = await stage.store.getAttributes(node, stage.owner);
    for (let at = 0; at < 4; at++) {
      const answer = await stage.store.write(node, at, [bytesOf(`${at}`)], version, stage.owner);
      version = answer.attributes.version;
    }
    expectEqual(await stage.read(node), "0123", "content");
  }),
  contractCase(
    "a write at another version is ESTALE and leaves the file alone",
    [promised("conditionalWrites"), aSecondClient],
    async (stage) => {
      const node = await stage.file("f", "mine");
      const { version } = await stage.store.getAttributes(node, stage.owner);
      const theirs = await stage.inSecond("f");
      await stage.second.write(theirs.node, 0, [bytesOf("them")], undefined, stage.owner);
      const write = stage.store.write(node, 0, [bytesOf("lost")], version, stage.owner);
      const conflict = await expectFailure(write, "ESTALE", "write at the old version");
      expect(conflict instanceof VersionConflict, "a write at another version is told as a VersionConflict");
      expectEqual(await stage.read(node), "them", "content");
      const fresh = await stage.store.getAttributes(node, stage.owner);
      await stage.store.write(node, 0, [bytesOf("seen")], fresh.version, stage.owner);
      expectEqual(await stage.read(node), "seen", "content after a write at the new version");
    },
  ),
  contractCase(
    "of two clients that write at the same version exactly one succeeds",
    [promised("conditionalWrites"), aSecondClient],
    async (stage) => {
      const node = await stage.file("f", "????????");
      const theirs = await stage.inSecond("f");
      for (let round = 0; round < 20; round++) {
        const { version } = await stage.store.getAttributes(node, stage.owner);
        const outcomes = await Promise.allSettled([
          stage.store.write(node, 0, [bytesOf(`mine ${round}  `)], version, stage.owner),
          stage.second.write(theirs.node, 0, [bytesOf(`their ${round} `)], version, stage.owner),
        ]);
        expectEqual(outcomes.filter(({ status }) => status === "fulfilled").length, 1, `winners of round ${round}`);
      }
    },
  ),
  contractCase(
    "our own change of the times does not make our next write stale",
    [promised("conditionalWrites")],
    async (stage) => {
      const node = await stage.file("f", "x");
      const { version } = await stage.store.getAttributes(node, stage.owner);
      const changed = await stage.store.setAttributes(node, { modifyTimeNs: 5n }, stage.owner);
      await stage.store.write(node, 1, [bytesOf("y")], changed.version, stage.owner);
      expectEqual(await stage.read(node), "xy", "content");
      await expectFailure(stage.store.write(node, 1, [bytesOf("z")], version, stage.owner), "ESTALE", "an old version");
    },
  ),
  contractCase(
    "without conditional writes the expected version is not looked at",
    [promised("conditionalWrites", false)],
    async (stage) => {
      const node = await stage.file("f", "x");
      await stage.store.write(node, 0, [bytesOf("y")], "some other version", stage.owner);
      expectEqual(await stage.read(node), "y", "content");
    },
  ),
  contractCase(
    "writes that need not follow each other may be under way together",
    [promised("conditionalWrites", false)],
    async (stage) => {
      const node = await stage.file("f");
      const count = Math.min(16, stage.store.manifest.parallelWrites);
      const writes = Array.from({ length: count }, (_, at) =>
        stage.store.write(node, at * 1000, [new Uint8Array(1000).fill(65 + at)], undefined, stage.owner),
      );
      await Promise.all(writes);
      for (let at = 0; at < count; at++) {
        expectEqual(await stage.read(node, at * 1000, 1000), String.fromCharCode(65 + at).repeat(1000), `write ${at}`);
      }
    },
  ),
];

/** One change of each kind that the cache makes to a file's content. */
function changesOf({ store, owner }: Stage, node: NodeId): readonly (() => Promise<ChangedAttributes>)[] {
  return [
    async () => (await store.write(node, 0, [bytesOf("aaaa")], undefined, owner)).attributes,
    () => store.setAttributes(node, { size: 8 }, owner),
    () => store.setAttributes(node, { mode: 0o600 }, owner),
    () => store.setAttributes(node, { modifyTimeNs: 5n }, owner),
    () => store.punchHole(node, 0, 2, owner),
    () => store.allocate(node, 0, 16, false, owner),
  ];
}
