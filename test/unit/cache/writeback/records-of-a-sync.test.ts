/** What an fsync has taken is closed: bytes written while it waits its turn belong to records of their own. */
import { expect, test } from "vitest";
import { alice, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";

test("[S0.2] a record that an fsync has taken, and not yet sent, takes in no more bytes", async () => {
  const file = await gatedFile({ readaheadBytesMax: 0 });
  await file.space.write(0, bytesOf(pageSize, 1), alice);
  await file.space.write(5 * pageSize, bytesOf(pageSize, 1), alice);
  const [first, second] = [0, 5].map((index) => file.space.pages.get(index)?.record);
  expect([first?.state, second?.state]).toEqual(["pending", "pending"]);
  file.gates.close("write");
  const syncing = file.space.sync(alice);
  const flight = await file.gates.arrived("write", 1);
  expect([first?.state, second?.state]).toEqual(["writing", "syncing"]);
  await file.space.write(6 * pageSize, bytesOf(pageSize, 2), alice);
  const newer = file.space.pages.get(6)?.record;
  expect(newer).not.toBe(second);
  expect(newer?.state).toBe("pending");
  flight.pass();
  file.gates.open("write");
  await syncing;
  expect(file.gates.of("write").map(({ offset }) => offset)).toEqual([0, 5 * pageSize]);
  expect([first?.state, second?.state, newer?.state]).toEqual(["complete", "complete", "pending"]);
});
