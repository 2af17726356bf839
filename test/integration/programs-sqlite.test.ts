import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { MountedStore, run } from "../kit/mounted-store.ts";

const writers = 4;
const transactions = 60;
const rowsEach = 5;

/** One process: many small transactions, each waiting for the lock as long as it takes. */
function writerScript(writer: number): string {
  const insert = `INSERT INTO entries(writer, text) SELECT ${writer}, hex(randomblob(200)) FROM generate_series(1, ${rowsEach});`;
  return Array.from({ length: transactions }, () => `BEGIN IMMEDIATE; ${insert} COMMIT;`).join("\n");
}

it("[G25] sqlite3 keeps a database in WAL mode whole, through a shared mapping, with several processes writing", async () => {
  await using mounted = await MountedStore.start("sqlite");
  const database = mounted.at("entries.db");
  const sqlite = (...commands: string[]): Promise<string> =>
    run("sqlite3", ["-bail", "-cmd", ".timeout 30000", database, ...commands]);

  expect((await sqlite("PRAGMA journal_mode=WAL")).trim()).toBe("wal");
  await sqlite(
    "CREATE TABLE entries(id INTEGER PRIMARY KEY, writer INT, text TEXT); CREATE INDEX texts ON entries(text)",
  );
  await Promise.all(Array.from({ length: writers }, (_, writer) => sqlite(writerScript(writer))));

  const expected = String(writers * transactions * rowsEach);
  expect((await sqlite("SELECT count(*) FROM entries")).trim()).toBe(expected);
  expect((await sqlite("PRAGMA integrity_check")).trim()).toBe("ok");
  await sqlite(
    "UPDATE entries SET text = text || 'x' WHERE writer = 1",
    "DELETE FROM entries WHERE writer = 2",
    "VACUUM",
  );
  const sums = "SELECT count(*), sum(length(text)), max(text) FROM entries";
  const seen = await sqlite(sums);
  await mounted.unmount();

  const stored = mounted.inStore("entries.db");
  expect((await run("sqlite3", [stored, "PRAGMA integrity_check"])).trim()).toBe("ok");
  expect(await run("sqlite3", [stored, sums])).toBe(seen);
  expect((await readFile(stored)).subarray(0, 15).toString()).toBe("SQLite format 3");
});

it("[G25] one process's shared mapping of the WAL index is seen by another while both are at work", async () => {
  await using mounted = await MountedStore.start("sqlite-index");
  const database = mounted.at("shared.db");
  await run("sqlite3", [database, "PRAGMA journal_mode=WAL; CREATE TABLE t(n INT)"]);
  const insert = `.shell sqlite3 -cmd '.timeout 30000' ${database} 'INSERT INTO t VALUES (1)'`;
  for (let round = 1; round <= 5; round += 1) {
    expect(
      await run("sqlite3", [
        database,
        "SELECT 'before ' || count(*) FROM t",
        insert,
        "SELECT 'after ' || count(*) FROM t",
      ]),
    ).toBe(`before ${round - 1}\nafter ${round}\n`);
  }
  await mounted.unmount();
});
