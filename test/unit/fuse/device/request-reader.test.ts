import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RequestReader } from "../../../../src/fuse/device/request-reader.ts";
import { opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { packetOf, text, u32, u64 } from "../../../kit/kernel-side.ts";

const pageSize = 4096;
const asker = { uid: 0, gid: 0, processId: 1 };
let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "request-reader-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Lets the reader read one packet, from a file that stands for the device: one read gives one packet. */
function readPacket(reader: RequestReader, packet: Buffer): void {
  const path = join(directory, "packet");
  writeFileSync(path, packet);
  const descriptor = openSync(path, "r");
  expect(reader.read(descriptor)).toBe(packet.length);
  closeSync(descriptor);
  expect(reader.request.malformation()).toBeUndefined();
}

function writeOf(payload: Buffer): Buffer {
  const head = [u64(3), u64(0), u32(payload.length), u32(0), u64(0), u32(0), u32(0)];
  return packetOf(opcodes.WRITE, 2, 5, [...head, { bytes: payload }], asker);
}

function joined(frames: readonly Uint8Array[] | undefined, byteCount: number): Buffer {
  return Buffer.concat(frames ?? []).subarray(0, byteCount);
}

it("the payload of a WRITE lies in page frames, wherever it ends", () => {
  const reader = new RequestReader(pageSize);
  for (const byteCount of [1, 4095, 4096, 4097, 100_000, 1 << 20]) {
    const payload = Buffer.alloc(byteCount, byteCount % 251);
    readPacket(reader, writeOf(payload));
    expect(reader.request.frames).toHaveLength((1 << 20) / pageSize);
    expect(joined(reader.request.frames, byteCount).equals(payload), `${byteCount} bytes`).toBe(true);
  }
});

it("a frame that was taken over is not written to again; its replacement is", () => {
  const reader = new RequestReader(pageSize);
  readPacket(reader, writeOf(Buffer.alloc(2 * pageSize, 1)));
  const frames = reader.request.frames ?? [];
  const taken = frames[0] as Uint8Array;
  const replacement = new Uint8Array(new ArrayBuffer(pageSize));
  frames[0] = replacement;
  readPacket(reader, writeOf(Buffer.alloc(2 * pageSize, 2)));
  expect([taken[0], taken[pageSize - 1]]).toEqual([1, 1]);
  expect([replacement[0], replacement[pageSize - 1]]).toEqual([2, 2]);
  expect(reader.request.frames?.[0]).toBe(replacement);
});

it("every other request is contiguous, however long", () => {
  const reader = new RequestReader(pageSize);
  const value = Buffer.alloc(60_000, "v");
  const parts = [u32(value.length), u32(0), text("user.long"), { bytes: value }];
  readPacket(reader, packetOf(opcodes.SETXATTR, 4, 5, parts, asker));
  expect(reader.request.frames).toBeUndefined();
  expect(reader.request.name(8)).toBe("user.long");
  expect(Buffer.from(reader.request.copyOf(8 + 10, value.length)).equals(value)).toBe(true);
  readPacket(reader, packetOf(opcodes.LOOKUP, 6, 1, [text("x".repeat(255))], asker));
  expect(reader.request.name(0)).toBe("x".repeat(255));
  readPacket(reader, writeOf(Buffer.from("after that")));
  expect(joined(reader.request.frames, 10).toString()).toBe("after that");
});
