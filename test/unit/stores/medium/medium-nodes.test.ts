/** What a medium store remembers of nodes: which are the same after a return, and which are forgotten. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import type { Attributes, NodeKind, Store, StoreEntry } from "../../../../src/port/index.ts";
import { MediumNodes } from "../../../../src/stores/medium/medium-nodes.ts";
import { MemoryServer, memoryStore } from "../../../../src/stores/memory/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { alice } from "../../../kit/memory-volume.ts";

const call = callAs(alice);
const writing = { read: true, write: true, execute: false };
const { attributes: sample } = await memoryStore(new MemoryServer()).root(call);

function entry(node: string, inode: number, kind: NodeKind = "file", birthTimeNs = 0n): StoreEntry {
  const attributes: Attributes = { ...sample, kind, inode: BigInt(inode), birthTimeNs };
  return { node, attributes };
}

/** A store that answers from `entries`, by path of inner ids, and notes what is held. */
function answering(root: StoreEntry, entries: Readonly<Record<string, StoreEntry>>): Store & { held: string[] } {
  const held: string[] = [];
  const store: Pick<Store, "root" | "lookup" | "hold"> = {
    root: async () => root,
    lookup: async (parent, name) => {
      const found = entries[`${parent}/${name}`];
      if (found === undefined) throw Object.assign(new Error("none"), { code: "ENOENT" });
      return found;
    },
    hold: async (node) => {
      held.push(node);
    },
  };
  return Object.assign(store as Store, { held });
}

const atOnce = (): Promise<void> => Promise.resolve();

function rooted(nodes: MediumNodes, generation = 1): string {
  return nodes.meetRoot(entry("root", 1, "directory"), generation).node;
}

describe("nodes of a medium that gives out inode numbers anew", () => {
  it("[S1.10] are found by their path after a return, whatever numbers they have then", async () => {
    const nodes = new MediumNodes("path", 100);
    const root = rooted(nodes);
    const { node: directory } = nodes.meet(entry("a2", 2, "directory", 7n), root, "docs", 1);
    const { node: one } = nodes.meet(entry("a3", 3), directory, "one", 1);
    const { node: two } = nodes.meet(entry("a4", 4), directory, "two", 1);
    expect(new Set([root, directory, one, two]).size).toBe(4);

    const store = answering(entry("root", 1, "directory"), {
      "root/docs": entry("b9", 9, "directory", 7n),
      "b9/one": entry("b4", 4),
      "b9/two": entry("b3", 3),
    });
    expect(await nodes.resolve(store, one, 2, call)).toBe("b4");
    expect(await nodes.resolve(store, two, 2, call)).toBe("b3");
    expect(nodes.meet(entry("b4", 4), directory, "one", 2).node).toBe(one);
  });

  it("have the same ids in another process, for what was parked by the first", () => {
    const ids = ["first", "second"].map(() => {
      const nodes = new MediumNodes("path", 100);
      const root = rooted(nodes);
      return nodes.meet(entry("x", 5), nodes.meet(entry("d", 4, "directory"), root, "d", 1).node, "f", 1).node;
    });
    expect(ids[0]).toBe(ids[1]);
  });

  it("are another file where kind or birth are others", async () => {
    const nodes = new MediumNodes("path", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("a2", 2, "file", 10n), root, "file", 1);
    const store = answering(entry("root", 1, "directory"), { "root/file": entry("b2", 2, "file", 11n) });
    await expect(nodes.resolve(store, node, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
    expect(nodes.meet(entry("b2", 2, "file", 11n), root, "file", 2).node).not.toBe(node);
    expect(nodes.meet(entry("b3", 3, "directory", 10n), root, "file", 2).node).not.toBe(node);
  });

  it("keep their id where they are moved, and leave their name to others", async () => {
    const nodes = new MediumNodes("path", 100);
    const root = rooted(nodes);
    const { node: old } = nodes.meet(entry("a2", 2), root, "log", 1);
    await nodes.rename(root, "log", root, "log.1", false, atOnce);
    const { node: fresh } = nodes.meet(entry("a3", 3), root, "log", 1);
    expect(fresh).not.toBe(old);
    const store = answering(entry("root", 1, "directory"), {
      "root/log": entry("b2", 2),
      "root/log.1": entry("b3", 3),
    });
    expect(await nodes.resolve(store, old, 2, call)).toBe("b3");
    expect(await nodes.resolve(store, fresh, 2, call)).toBe("b2");
  });

  it("a file that is held and lost its name to others is not the one that has the name now", () => {
    const nodes = new MediumNodes("path", 100);
    const root = rooted(nodes);
    const { node: held } = nodes.meet(entry("a2", 2), root, "file", 1);
    nodes.held(held, writing, call, 1);
    expect(nodes.meet(entry("a3", 3), root, "file", 1).node).not.toBe(held);
    // What nobody holds has a number anew when the kernel forgot it.
    const { node: idle } = nodes.meet(entry("a4", 4), root, "idle", 1);
    expect(nodes.meet(entry("a5", 5), root, "idle", 1).node).toBe(idle);
    const { node, attributes } = entry("a6", 6);
    const replaced = { node, attributes: { ...attributes, version: "another" } };
    expect(nodes.meet(replaced, root, "idle", 1).node).not.toBe(idle);
  });
});

describe("nodes of a medium", () => {
  it("[S1.10] are held again after a return also when they are looked up first", async () => {
    for (const knownBy of ["inode", "path"] as const) {
      const nodes = new MediumNodes(knownBy, 100);
      const root = rooted(nodes);
      const { node } = nodes.meet(entry("a2", 2), root, "file", 1);
      nodes.held(node, writing, call, 1);
      const found = entry("b2", 2);
      const store = answering(entry("root", 1, "directory"), { "root/file": found });
      await nodes.resolve(store, root, 2, call);
      expect(nodes.meet(found, root, "file", 2).node).toBe(node);
      expect(await nodes.resolve(store, node, 2, call)).toBe("b2");
      expect(store.held).toEqual(["b2"]);
    }
  });

  it("[S1.10] what was given back while it was held again is given back to the store, and no more", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("a2", 2), root, "file", 1);
    for (let count = 0; count < 3; count++) nodes.held(node, writing, call, 1);
    const store = answering(entry("root", 1, "directory"), { "root/file": entry("b2", 2) });
    const released: string[] = [];
    store.release = async (inner) => {
      released.push(inner);
    };
    const hold = store.hold.bind(store);
    store.hold = async (...held) => {
      if (store.held.length === 2) {
        expect(nodes.released(node, writing, call, 2)).toBeUndefined();
        expect(nodes.released(node, writing, call, 2)).toBeUndefined();
      }
      await hold(...held);
    };
    await nodes.resolve(store, node, 2, call);
    expect([store.held, released]).toEqual([
      ["b2", "b2", "b2"],
      ["b2", "b2"],
    ]);
    expect(nodes.released(node, writing, call, 2)).toBe("b2");
    expect(nodes.released(node, writing, call, 2)).toBeUndefined();
  });

  it("[S1.10] a hold that an earlier store gave late is none", () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("a2", 2), root, "file", 1);
    rooted(nodes, 2);
    expect(() => nodes.held(node, writing, call, 1)).toThrow(Failure);
    expect(nodes.released(node, writing, call, 2)).toBeUndefined();
  });

  it("are another where an inode number was given again to another kind, and no birth is kept", () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node: file } = nodes.meet(entry("a2", 2), root, "file", 1);
    expect(nodes.meet(entry("b2", 2, "directory"), root, "directory", 1).node).not.toBe(file);
    expect(nodes.meet(entry("a2", 2), root, "again", 1).node).toBe(file);
  });

  it("are forgotten when they were not used lately, and no directory that leads to others is", async () => {
    const nodes = new MediumNodes("inode", 8);
    const root = rooted(nodes);
    const { node: directory } = nodes.meet(entry("d", 2, "directory"), root, "d", 1);
    const { node: deep } = nodes.meet(entry("e", 3, "directory"), directory, "e", 1);
    const { node: kept } = nodes.meet(entry("f", 4), deep, "f", 1);
    const { node: held } = nodes.meet(entry("h", 5), root, "h", 1);
    nodes.held(held, writing, call, 1);
    for (let inode = 10; inode < 500; inode++) {
      nodes.meet(entry(`n${inode}`, inode), root, `n${inode}`, 1);
      expect(nodes.size).toBeLessThanOrEqual(9);
      expect(nodes.tryResolve(kept, 1)).toBe("f");
    }
    for (const [id, inner] of [
      [root, "root"],
      [directory, "d"],
      [deep, "e"],
      [held, "h"],
    ] as const) {
      expect(nodes.tryResolve(id, 1)).toBe(inner);
    }
    const store = answering(entry("root", 1, "directory"), {
      "root/d": entry("D", 2, "directory"),
      "D/e": entry("E", 3, "directory"),
      "E/f": entry("F", 4),
    });
    expect(await nodes.resolve(store, kept, 2, call)).toBe("F");
  });

  it("[S1.10] are stale, and no missing name, when others took their name or their directory away meanwhile", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node: directory } = nodes.meet(entry("d", 2, "directory"), root, "d", 1);
    const { node: kept } = nodes.meet(entry("k", 3, "directory"), root, "k", 1);
    const { node: below } = nodes.meet(entry("b", 4), directory, "b", 1);
    const { node: file } = nodes.meet(entry("f", 5), kept, "f", 1);
    const store = answering(entry("root", 1, "directory"), { "root/k": entry("K", 3, "directory") });
    for (const node of [directory, below, file]) {
      await expect(nodes.resolve(store, node, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
    }
    expect(await nodes.resolve(store, kept, 2, call)).toBe("K");
  });

  it("[S1.10] [G25] with several names are found by any that is left, whoever took the others away", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("f", 2), root, "one", 1);
    nodes.linked(node, root, "two", entry("f", 2).attributes);
    nodes.linked(node, root, "three", entry("f", 2).attributes);
    nodes.meet(entry("f", 2), root, "one", 1);
    nodes.removed(root, "one");
    const found = entry("F", 2);
    const other = entry("O", 3);
    const store = answering(entry("root", 1, "directory"), {
      "root/one": other,
      "root/three": other,
      "root/two": found,
    });
    expect(await nodes.resolve(store, node, 2, call)).toBe("F");
    nodes.removed(root, "two");
    await nodes.rename(root, "three", root, "four", false, atOnce);
    const moved = answering(entry("root", 1, "directory"), { "root/two": other, "root/four": found });
    expect(await nodes.resolve(moved, node, 3, call)).toBe("F");
    nodes.removed(root, "four");
    await expect(nodes.resolve(moved, node, 4, call)).rejects.toMatchObject({ code: "ESTALE" });
  });

  it("with more names than are remembered are found by one that was met lately", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("f", 2), root, "first", 1);
    for (let at = 0; at < 100; at++) nodes.linked(node, root, `n${at}`, entry("f", 2).attributes);
    const asked: string[] = [];
    const store = answering(entry("root", 1, "directory"), { "root/first": entry("F", 2) });
    const { lookup } = store;
    store.lookup = (...given) => {
      asked.push(given[1]);
      return lookup(...given);
    };
    await expect(nodes.resolve(store, node, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
    expect(asked).toEqual(["n99", "n98", "n97", "n96", "n95", "n94", "n93", "n92"]);
  });

  it("directories that others moved into each other are no circle", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node: one } = nodes.meet(entry("one", 2, "directory"), root, "one", 1);
    const { node: two } = nodes.meet(entry("two", 3, "directory"), one, "two", 1);
    // By now `two` is in the root and `one` in it, and only the second has been seen.
    nodes.meet(entry("one", 2, "directory"), two, "one", 1);
    const store = answering(entry("root", 1, "directory"), {});
    await expect(nodes.resolve(store, one, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
    await expect(nodes.resolve(store, two, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
    nodes.meet(entry("two", 3, "directory"), root, "two", 2);
    const moved = answering(entry("root", 1, "directory"), { "two/one": entry("one", 2, "directory") });
    expect(await nodes.resolve(moved, one, 2, call)).toBe("one");
  });
});

describe("what was last said of a held file", () => {
  it("[S1.10] is what the latest state was, in whatever order writes and looks are answered", () => {
    const nodes = new MediumNodes("inode", 100);
    const { node } = nodes.meet(entry("a2", 2), rooted(nodes), "file", 1);
    nodes.held(node, writing, call, 1);
    const at = (changeTimeNs: bigint, size: number): Attributes => ({ ...sample, changeTimeNs, size });
    nodes.noticed(node, at(sample.changeTimeNs + 5n, 60_000));
    nodes.noticed(node, at(sample.changeTimeNs + 5n, 40_960));
    nodes.noticed(node, at(sample.changeTimeNs + 4n, 70_000));
    expect(nodes.attributesOfHeld(node)?.size).toBe(60_000);
    nodes.meet(entry("a2", 2), rooted(nodes), "file", 1);
    expect(nodes.attributesOfHeld(node)?.size).toBe(60_000);
    nodes.saw(node, at(sample.changeTimeNs + 5n, 10));
    expect(nodes.attributesOfHeld(node)?.size).toBe(10);
  });
});

describe("a node that several callers look for after a return", () => {
  it("[S1.10] is found for the others when one of them is interrupted meanwhile", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("a2", 2), root, "file", 1);
    const store = answering(entry("root", 1, "directory"), { "root/file": entry("b2", 2) });
    const { lookup } = store;
    let lookups = 0;
    store.lookup = (...given) => {
      lookups += 1;
      return lookups === 1 ? Promise.reject(new Failure("EINTR", { syscall: "lookup" })) : lookup(...given);
    };
    const interrupted = nodes.resolve(store, node, 2, call);
    const other = nodes.resolve(store, node, 2, call);
    await expect(interrupted).rejects.toMatchObject({ code: "EINTR" });
    expect(await other).toBe("b2");
  });

  it("[S1.10] is not waited for in vain where a rename was never answered before the medium went", async () => {
    const nodes = new MediumNodes("inode", 100);
    const root = rooted(nodes);
    const { node } = nodes.meet(entry("a2", 2), root, "file", 1);
    void nodes.rename(root, "file", root, "moved", false, () => new Promise(() => undefined));
    const store = answering(entry("root", 1, "directory"), {});
    await expect(nodes.resolve(store, node, 2, call)).rejects.toMatchObject({ code: "ESTALE" });
  });
});
