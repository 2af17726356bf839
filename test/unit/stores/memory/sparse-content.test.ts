/** Sparse content against a plain byte array: any sequence of writes, cuts, punches and snapshots. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SparseContent } from "../../../../src/stores/memory/sparse-content.ts";

const sizeMax = 200_000;
const offset = fc.oneof(fc.nat(sizeMax), fc.constantFrom(0, 511, 512, 65_535, 65_536, 65_537, 131_072));
const length = fc.oneof(fc.nat(1000), fc.nat(70_000));
const step = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), offset, length, byte: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("punch" as const), offset, length }),
  fc.record({ kind: fc.constant("resize" as const), offset }),
  fc.record({ kind: fc.constant("snapshot" as const) }),
  fc.record({ kind: fc.constant("revert" as const) }),
);

/** The same in the slow and obvious way. */
class PlainContent {
  bytes = new Uint8Array(0);

  write(at: number, count: number, byte: number): void {
    if (count > 0) this.resize(Math.max(this.bytes.length, at + count));
    this.bytes.fill(byte, at, at + count);
  }

  resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, size));
    this.bytes = next;
  }
}

describe("SparseContent", () => {
  it("holds the bytes that a plain array holds", () => {
    const property = fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let content = new SparseContent();
      let plain = new PlainContent();
      let saved: { readonly content: SparseContent; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
      for (const action of steps) {
        if (action.kind === "write") {
          const half = Math.floor(action.length / 2);
          const frames = [new Uint8Array(half), new Uint8Array(0), new Uint8Array(action.length - half)];
          for (const frame of frames) frame.fill(action.byte);
          const growth = content.growthOfWrite(action.offset, action.length);
          const before = content.storedBytes;
          expect(content.write(action.offset, frames)).toBe(action.length);
          expect(content.storedBytes - before).toBeLessThanOrEqual(growth);
          plain.write(action.offset, action.length, action.byte);
        } else if (action.kind === "punch") {
          content.punch(action.offset, action.length);
          plain.bytes.fill(0, action.offset, action.offset + action.length);
        } else if (action.kind === "resize") {
          content.resize(action.offset);
          plain.resize(action.offset);
        } else if (action.kind === "snapshot") {
          saved = { content: content.snapshot(), bytes: plain.bytes.slice() };
        } else if (saved !== undefined) {
          content = saved.content;
          plain = new PlainContent();
          plain.bytes = saved.bytes;
          saved = undefined;
        }
        content.checkInvariants();
      }
      expect(content.size).toBe(plain.bytes.length);
      const frames = [new Uint8Array(1000), new Uint8Array(0), new Uint8Array(sizeMax * 2)];
      expect(content.read(0, frames)).toBe(plain.bytes.length);
      const read = Buffer.concat(frames).subarray(0, plain.bytes.length);
      expect(read.equals(plain.bytes)).toBe(true);
    });
    fc.assert(property, { numRuns: 150 });
  });

  it("finds no data where nothing is stored, and every byte that is not zero where data is", () => {
    const property = fc.property(fc.array(fc.tuple(offset, fc.nat(5000)), { maxLength: 5 }), (writes) => {
      const content = new SparseContent();
      content.resize(400_000);
      const isData = new Uint8Array(400_000);
      for (const [at, count] of writes) {
        content.write(at, [new Uint8Array(count).fill(1)]);
        isData.fill(1, at, at + count);
      }
      const found = new Uint8Array(400_000);
      for (let at: number | undefined = content.seek(0, "data"); at !== undefined; ) {
        const end = content.seek(at, "hole") ?? 400_000;
        expect(end).toBeGreaterThan(at);
        found.fill(1, at, end);
        at = content.seek(end, "data");
      }
      expect(isData.every((byte, at) => byte <= (found[at] ?? 0))).toBe(true);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("takes no storage for a file of holes", () => {
    const content = new SparseContent();
    content.resize(2 ** 43);
    content.write(2 ** 42, [Uint8Array.of(1)]);
    expect(content.storedBytes).toBe(512);
    expect(content.seek(0, "data")).toBe(2 ** 42);
    content.punch(0, 2 ** 43);
    expect(content.storedBytes).toBe(0);
  });
});
