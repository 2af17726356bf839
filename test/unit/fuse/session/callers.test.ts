import { expect, it } from "vitest";
import { Callers, groupsOfProcess, parseGroups } from "../../../../src/fuse/session/callers.ts";
import { opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { Request } from "../../../../src/fuse/wire/request.ts";
import { superuser } from "../../../../src/port/index.ts";
import { packetOf } from "../../../kit/kernel-side.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

function requestOf(uid: number, gid: number, processId: number): Request {
  const request = new Request();
  request.load(packetOf(opcodes.GETATTR, 2, 1, [{ u64: 0 }, { u64: 0 }], { uid, gid, processId }));
  return request;
}

it("callers with the same rights are one credential, whatever the order of their groups", () => {
  const groups = new Map([
    [10, [7, 1000, 5]],
    [11, [5, 7]],
    [12, [5]],
  ]);
  const callers = new Callers(new VirtualClock(), (processId) => groups.get(processId));
  const first = callers.credentialOf(requestOf(1000, 1000, 10));
  expect(first).toMatchObject({ uid: 1000, gid: 1000, groups: [5, 7] });
  expect(callers.credentialOf(requestOf(1000, 1000, 11))).toBe(first);
  expect(callers.credentialOf(requestOf(1000, 1000, 12)).id).not.toBe(first.id);
});

it("groups are looked up again after a while, and never for the superuser or for nobody's requests", async () => {
  const clock = new VirtualClock();
  const lookedUp: number[] = [];
  const callers = new Callers(clock, (processId) => {
    lookedUp.push(processId);
    return [];
  });
  expect(callers.credentialOf(requestOf(0, 0, 5))).toBe(superuser);
  callers.credentialOf(requestOf(1000, 1000, 0));
  expect(lookedUp).toEqual([]);
  for (let time = 0; time < 3; time++) callers.credentialOf(requestOf(1000, 1000, 77));
  expect(lookedUp).toEqual([77]);
  await clock.advance(1_001);
  callers.credentialOf(requestOf(1000, 1000, 77));
  expect(lookedUp).toEqual([77, 77]);
});

it("the kernel's own file about a process has its groups", () => {
  // Node adds the primary group to what the system says.
  const primary = process.getegid?.() ?? 0;
  const found = new Set([...(groupsOfProcess(process.pid) ?? [-1]), primary]);
  expect(found).toEqual(new Set([...(process.getgroups?.() ?? []), primary]));
  expect(groupsOfProcess(4_000_000_000)).toBeUndefined();
  expect(parseGroups("Name:\tx\nGroups:\t4 24 27 \nNStgid:\t1\n")).toEqual([4, 24, 27]);
  expect(parseGroups("Groups:\t \n")).toEqual([]);
});
