/** File names: any bytes there and back, and plain names as they are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFileName, encodeFileName } from "../../../src/base/index.ts";

const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f);
/** Bytes that begin, continue or almost are UTF-8, so that the seams are met often. */
const awkward = fc.constantFrom(0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xa0, 0xef, 0xbb, 0xf0, 0xf4, 0x90, 0xff, 0x61);
const name = fc.array(fc.oneof(byte, awkward), { maxLength: 255 }).map((bytes) => Uint8Array.from(bytes));

describe("file names", () => {
  it("come back as the same bytes, whatever the bytes", () => {
    fc.assert(
      fc.property(name, (bytes) => {
        expect(encodeFileName(decodeFileName(bytes))).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it("have one string for each sequence of bytes", () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        const same = Buffer.compare(one, other) === 0;
        expect(decodeFileName(one) === decodeFileName(other)).toBe(same);
      }),
    );
  });

  it("that are UTF-8 read as the text they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeFileName(Buffer.from(text))).toBe(text);
        expect(Buffer.from(encodeFileName(text)).toString()).toBe(text);
      }),
    );
  });

  it("keep a byte order mark, a lone continuation byte, an encoded surrogate and a cut sequence", () => {
    for (const bytes of [
      [0xef, 0xbb, 0xbf, 0x61],
      [0x80],
      [0xed, 0xb2, 0x80],
      [0xf0, 0x9f, 0x98],
      [0x61, 0xe2, 0x82],
    ]) {
      expect([...encodeFileName(decodeFileName(Uint8Array.from(bytes)))]).toEqual(bytes);
    }
    expect(decodeFileName(Uint8Array.of(0x66, 0xff))).toBe("f\udcff");
  });
});
