/** The table of nodes: which object stands for a node when its id was given to another, or it was forgotten meanwhile. */
import { expect, it } from "vitest";
import { NodeTable } from "../../../src/files/nodes/node-table.ts";
import { superuser } from "../../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";

it("a node that is used while its id is given to another is never taken for that one again", async () => {
  const call = callAs(superuser);
  const store = memoryStore(new MemoryServer());
  const { attributes } = await store.root(call);
  const table = new NodeTable(
    100,
    () => {},
    () => {},
  );
  const old = table.intern({ node: "id", attributes: { ...attributes, kind: "file" } });
  const open = table.pin(old);
  const other = table.intern({ node: "id", attributes });
  expect(other).not.toBe(old);
  expect(table.current(old)).toBe(old);
  table.drop(other);
  using again = table.pin(old);
  expect(again.node).toBe(old);
  expect(table.byId("id")).toBeUndefined();
  table.checkInvariants();
  open[Symbol.dispose]();
  table.checkInvariants();
});
