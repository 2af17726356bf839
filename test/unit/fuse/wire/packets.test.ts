import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFileName as encoded } from "../../../../src/base/index.ts";
import { describeRequest } from "../../../../src/fuse/wire/describe.ts";
import { supplementaryGroupsOf } from "../../../../src/fuse/wire/extension.ts";
import { invalidateAttributes, invalidateContent } from "../../../../src/fuse/wire/notification.ts";
import { opcodeRow, opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { Request } from "../../../../src/fuse/wire/request.ts";
import { attributeChangesOf } from "../../../../src/fuse/wire/set-attributes.ts";
import { recordedPacket, recordedPackets } from "./recorded-packets.ts";

function loaded(packet: Uint8Array): Request {
  const request = new Request();
  request.load(packet);
  return request;
}

describe("packets as the kernel sent them", () => {
  it("are sound, and are printed by name", () => {
    const lines = [...recordedPackets.keys()].map((opcode) => describeRequest(loaded(recordedPacket(opcode))));
    expect(lines).toMatchSnapshot();
    expect(lines.length).toBeGreaterThan(35);
  });

  it("read as what the program asked for", () => {
    const write = loaded(recordedPacket(opcodes.WRITE));
    expect(Buffer.from(write.copyOf(40, write.u32(16))).toString()).toBe("hello, kernel");
    const rename = loaded(recordedPacket(opcodes.RENAME2));
    expect([rename.name(16), rename.name(rename.afterName(16))]).toEqual(["soft", "other"]);
    expect(attributeChangesOf(loaded(recordedPacket(opcodes.SETATTR)))).toMatchObject({ uid: 5, gid: 6 });
  });

  it("[G26] never crash the codec, wherever they are cut and whatever byte is wrong", () => {
    for (const opcode of recordedPackets.keys()) {
      const packet = recordedPacket(opcode);
      for (let length = 0; length < packet.length; length++) {
        const cut = loaded(packet.subarray(0, length));
        expect(cut.malformation(), `${opcode} cut to ${length}`).toBeDefined();
        expect(typeof describeRequest(cut)).toBe("string");
      }
    }
    const kinds = [...recordedPackets.keys()];
    const damaged = fc.tuple(fc.constantFrom(...kinds), fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(damaged, ([opcode, at, byte]) => {
        const packet = recordedPacket(opcode);
        packet[4 + (at % (packet.length - 4))] = byte;
        expect(typeof describeRequest(loaded(packet))).toBe("string");
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("malformed packets", () => {
  function withHeaderLength(packet: Uint8Array): Uint8Array {
    new DataView(packet.buffer).setUint32(0, packet.length, true);
    return packet;
  }

  it("are told by what is wrong", () => {
    const short = withHeaderLength(recordedPacket(opcodes.GETATTR).slice(0, 48));
    expect(loaded(short).malformation()).toBe("body shorter than the opcode's fields");

    const unterminated = recordedPacket(opcodes.LOOKUP);
    unterminated[unterminated.length - 1] = 0x78;
    expect(loaded(unterminated).malformation()).toMatch(/name missing/);

    const slashed = recordedPacket(opcodes.LOOKUP);
    slashed[40] = 0x2f;
    expect(loaded(slashed).malformation()).toMatch(/slash/);

    const write = recordedPacket(opcodes.WRITE);
    new DataView(write.buffer).setUint32(56, 14, true);
    expect(loaded(write).malformation()).toBe("payload shorter than announced");

    const extended = recordedPacket(opcodes.MKDIR);
    new DataView(extended.buffer).setUint16(36, 1000, true);
    expect(loaded(extended).malformation()).toBe("extension longer than the packet");
  });

  it("may hold a name of any bytes, which come back the same", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 255 }), (bytes) => {
        const name = bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte));
        const packet = new Uint8Array(40 + name.length + 1);
        packet.set(recordedPacket(opcodes.LOOKUP).subarray(0, 40));
        packet.set(name, 40);
        const request = loaded(withHeaderLength(packet));
        expect(request.malformation()).toBeUndefined();
        const text = request.name(0);
        expect(Buffer.from(encoded(text))).toEqual(Buffer.from(name));
      }),
    );
  });
});

describe("extensions", () => {
  it("give the group that the kernel sends with a new name", () => {
    const plain = recordedPacket(opcodes.MKDIR);
    const padded = Math.ceil(plain.length / 8) * 8;
    const packet = new Uint8Array(padded + 16);
    packet.set(plain);
    const view = new DataView(packet.buffer);
    view.setUint32(0, packet.length, true);
    view.setUint16(36, 2, true);
    for (const [index, value] of [16, 32, 1, 1234].entries()) view.setUint32(padded + index * 4, value, true);
    const request = loaded(packet);
    expect(request.malformation()).toBeUndefined();
    expect(supplementaryGroupsOf(request)).toEqual([1234]);
    expect(request.name(8)).toBe("d");
  });
});

it("every opcode has a row of its own name", () => {
  for (const [name, number] of Object.entries(opcodes)) expect(opcodeRow(number)?.name).toBe(name);
  expect(opcodeRow(0)).toBeUndefined();
  expect(opcodeRow(4096)).toBeUndefined();
});

describe("what the kernel is told", () => {
  const told = (packet: Uint8Array): (number | bigint)[] => {
    const view = new DataView(packet.buffer);
    const numbers = [16, 24, 32].map((at) => view.getBigInt64(at, true));
    return [view.getUint32(0, true), view.getInt32(4, true), ...numbers];
  };

  it("[S4.13] names a range by its length, not by its end, with all bits of both beyond 4 GiB", () => {
    expect(told(invalidateContent(7, 3 * 4096, 5 * 4096))).toEqual([40, 2, 7n, 12_288n, 8192n]);
    const [start, end] = [2 ** 40 + 4096, 2 ** 45 + 8192];
    expect(told(invalidateContent(2 ** 33, start, end))).toEqual([
      40,
      2,
      2n ** 33n,
      BigInt(start),
      BigInt(end - start),
    ]);
    expect(told(invalidateContent(7, 2 ** 52, undefined))).toEqual([40, 2, 7n, 2n ** 52n, 0n]);
    expect(told(invalidateAttributes(7)).slice(0, 4)).toEqual([40, 2, 7n, -1n]);
  });
});
