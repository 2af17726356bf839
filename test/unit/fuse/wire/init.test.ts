import { expect, it } from "vitest";
import { agree, encodeInit, initOutBytes } from "../../../../src/fuse/wire/init.ts";
import { opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { Reply } from "../../../../src/fuse/wire/reply.ts";
import { Request } from "../../../../src/fuse/wire/request.ts";
import { recordedPacket } from "./recorded-packets.ts";

function init(minor: number, flags?: number, bodyBytes = 64): Request {
  const packet = recordedPacket(opcodes.INIT).slice(0, 40 + bodyBytes);
  const view = new DataView(packet.buffer);
  view.setUint32(0, packet.length, true);
  view.setUint32(44, minor, true);
  if (flags !== undefined) view.setUint32(52, flags, true);
  const request = new Request();
  request.load(packet);
  return request;
}

it("[S2.7] agrees with a kernel of today on the features that are wanted, and on no others", () => {
  const agreement = agree(init(45), 1 << 20);
  expect(agreement?.minor).toBe(45);
  for (const flag of ["EXPLICIT_INVAL_DATA", "MAX_PAGES", "HAS_EXPIRE_ONLY", "CREATE_SUPP_GROUP"] as const) {
    expect(agreement?.has.has(flag), flag).toBe(true);
  }
  for (const flag of ["WRITEBACK_CACHE", "AUTO_INVAL_DATA", "POSIX_LOCKS", "EXPORT_SUPPORT"] as const) {
    expect(agreement?.has.has(flag), flag).toBe(false);
  }
  const reply = new Reply();
  if (agreement === undefined) throw new Error("no agreement");
  encodeInit(reply, agreement, { backgroundMax: 64 });
  const view = new DataView(reply.bytes.buffer, 16, initOutBytes);
  expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([7, 45]);
  expect(view.getUint32(12, true) & (1 << 16)).toBe(0);
  expect(view.getUint32(20, true)).toBe(1 << 20);
  expect(view.getUint16(28, true)).toBe(256);
  expect(view.getUint32(32, true)).toBe((1 << 2) | (1 << 3));
});

it("speaks an older kernel's version, and takes no flags2 that was not sent", () => {
  const agreement = agree(init(31, (1 << 30) | 1, 16), 1 << 20);
  expect(agreement?.minor).toBe(31);
  expect([...(agreement?.has ?? [])]).toEqual(["ASYNC_READ", "INIT_EXT"]);
  expect(agree(init(60), 1 << 20)?.minor).toBe(45);
});

it("refuses a protocol older than 7.31", () => {
  expect(agree(init(30), 1 << 20)).toBeUndefined();
});
