/** The memory server's own promises: limits, crashes, reports. */
import { describe, expect, it } from "vitest";
import { cancelController } from "../../../../src/base/index.ts";
import { type Call, type StoreChange, superuser } from "../../../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../../../src/stores/memory/index.ts";

const call: Call = { credential: superuser, signal: cancelController().signal };

describe("MemoryServer", () => {
  it("refuses what does not fit with ENOSPC, and takes it when there is room again", async () => {
    const server = new MemoryServer({ capacityBytes: 100_000, nodesMax: 3 });
    const store = memoryStore(server);
    const { node: root } = await store.root(call);
    const { node: a } = await store.createFile(root, "a", 0o644, call);
    const { node: b } = await store.createFile(root, "b", 0o644, call);
    await expect(store.createFile(root, "c", 0o644, call)).rejects.toMatchObject({ code: "ENOSPC" });
    await store.write(a, 0, [new Uint8Array(65_536)], undefined, call);
    const refused = store.write(b, 0, [new Uint8Array(65_536)], undefined, call);
    await expect(refused).rejects.toMatchObject({ code: "ENOSPC" });
    expect((await store.getAttributes(b, call)).size).toBe(0);
    await store.remove(root, "a", call);
    await store.write(b, 0, [new Uint8Array(65_536)], undefined, call);
    expect(server.storedBytes).toBe(65_536);
    server.checkInvariants();
  });

  it("gives the storage of an unlinked file back with its last hold", async () => {
    const server = new MemoryServer();
    const store = memoryStore(server);
    const { node: root } = await store.root(call);
    const { node } = await store.createFile(root, "a", 0o644, call);
    await store.hold(node, { read: true, write: false, execute: false }, call);
    await store.write(node, 0, [new Uint8Array(1000)], undefined, call);
    await store.remove(root, "a", call);
    expect(server.storedBytes).toBeGreaterThan(0);
    await store.close();
    expect(server.storedBytes).toBe(0);
    expect(server.nodeCount).toBe(1);
    server.checkInvariants();
  });

  it("reports after the operation, in order, and to others only", async () => {
    const server = new MemoryServer();
    const [one, other] = [memoryStore(server), memoryStore(server)];
    const { node: root } = await one.root(call);
    const seen: StoreChange[] = [];
    const own: StoreChange[] = [];
    other.watch((change) => seen.push(change));
    one.watch((change) => own.push(change));
    const made = one.createFile(root, "a", 0o644, call);
    expect(seen).toEqual([]);
    const { node } = await made;
    await one.write(node, 0, [Uint8Array.of(1)], undefined, call);
    await one.remove(root, "a", call);
    await Promise.resolve();
    expect(seen).toEqual([
      { node: root, what: "entries" },
      { node, what: "content" },
      { node, what: "removed" },
      { node: root, what: "entries" },
    ]);
    expect(own).toEqual([]);
  });

  it("keeps the crash from touching what is stable", async () => {
    const server = new MemoryServer();
    const [stable, volatile] = [memoryStore(server), memoryStore(server, { durability: "volatile" })];
    const { node: root } = await stable.root(call);
    const { node } = await stable.createFile(root, "a", 0o644, call);
    await stable.write(node, 0, [Uint8Array.of(1)], undefined, call);
    const lost = await volatile.write(node, 0, [Uint8Array.of(2)], undefined, call);
    server.crash();
    const frame = new Uint8Array(1);
    const { version } = await stable.read(node, 0, [frame], call);
    expect(frame[0]).toBe(1);
    expect(version).not.toBe(lost.attributes.version);
    await expect(volatile.commit(node, call)).rejects.toMatchObject({ code: "EIO" });
    await volatile.commit(node, call);
    server.checkInvariants();
  });
});
