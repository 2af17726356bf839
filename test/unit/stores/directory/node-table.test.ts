/** Which node a status means, where the file system tells no births and gives inode numbers again at once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NodeTable } from "../../../../src/stores/directory/node-table.ts";
import { type FileStatus, statusOfPath } from "../../../../src/system/index.ts";
import { scratchStore } from "./scratch-store.ts";

function statusWithoutBirth(path: string): FileStatus {
  const status = statusOfPath(Buffer.from(`${path}\0`));
  if (status === undefined) throw new Error(`nothing is at ${path}`);
  return { ...status, birthTimeNs: 0n, inode: 7n };
}

it("a directory that got the inode number of a removed file is another node", async () => {
  const { inside } = await scratchStore();
  writeFileSync(join(inside, "f"), "");
  const table = new NodeTable(100);
  const file = table.meet(table.root, Buffer.from("f\0"), statusWithoutBirth(join(inside, "f")));
  const directory = table.meet(table.root, Buffer.from("d\0"), statusWithoutBirth(inside));
  expect([file.kind, directory.kind]).toEqual(["file", "directory"]);
  expect(directory.id).not.toBe(file.id);
  expect(table.meet(table.root, Buffer.from("g\0"), statusWithoutBirth(join(inside, "f")))).toBe(file);
});
