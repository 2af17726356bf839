/** Byte ranges against the slow and obvious model: a set of numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteRanges } from "../../../src/base/index.ts";

const space = 48;
const range = fc
  .tuple(fc.nat(space), fc.nat(space))
  .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
const steps = fc.array(fc.record({ add: fc.boolean(), range }), { maxLength: 24 });

interface Built {
  readonly ranges: ByteRanges;
  readonly model: ReadonlySet<number>;
}

const built = steps.map((sequence): Built => {
  let ranges = ByteRanges.empty;
  const model = new Set<number>();
  for (const step of sequence) {
    const [start, end] = step.range;
    ranges = step.add ? ranges.plus(start, end) : ranges.minus(start, end);
    for (let at = start; at < end; at++) {
      if (step.add) model.add(at);
      else model.delete(at);
    }
  }
  return { ranges, model };
});

function membersOf(ranges: ByteRanges): number[] {
  const members: number[] = [];
  for (let at = 0; at < ranges.rangeCount; at++) {
    for (let byte = ranges.start(at); byte < ranges.end(at); byte++) members.push(byte);
  }
  return members;
}

function sorted(model: Iterable<number>): number[] {
  return [...model].sort((a, b) => a - b);
}

function runCount(model: ReadonlySet<number>): number {
  return [...model].filter((byte) => !model.has(byte - 1)).length;
}

describe("byte ranges", () => {
  it("have the members of the model after any sequence of plus and minus, in as few ranges as can be", () => {
    fc.assert(
      fc.property(built, ({ ranges, model }) => {
        ranges.checkInvariants();
        expect(membersOf(ranges)).toEqual(sorted(model));
        expect(ranges.byteCount).toBe(model.size);
        expect(ranges.rangeCount).toBe(runCount(model));
        expect(ranges.isEmpty).toBe(model.size === 0);
      }),
    );
  });

  it("say of any range whether all, any, and which bytes of it are there", () => {
    fc.assert(
      fc.property(built, range, ({ ranges, model }, [start, end]) => {
        const bytes = Array.from({ length: end - start }, (_, at) => start + at);
        expect(ranges.covers(start, end)).toBe(bytes.every((byte) => model.has(byte)));
        expect(ranges.touches(start, end)).toBe(bytes.some((byte) => model.has(byte)));
        const gaps = ranges.gaps(start, end);
        gaps.checkInvariants();
        expect(membersOf(gaps)).toEqual(bytes.filter((byte) => !model.has(byte)));
      }),
    );
  });

  it("unite and subtract as sets do", () => {
    fc.assert(
      fc.property(built, built, (one, other) => {
        const union = one.ranges.union(other.ranges);
        const rest = one.ranges.except(other.ranges);
        union.checkInvariants();
        rest.checkInvariants();
        expect(membersOf(union)).toEqual(sorted(new Set([...one.model, ...other.model])));
        expect(membersOf(rest)).toEqual(sorted([...one.model].filter((byte) => !other.model.has(byte))));
        expect(union.equals(other.ranges.union(one.ranges))).toBe(true);
        expect(one.ranges.equals(other.ranges)).toBe(String(one.ranges) === String(other.ranges));
      }),
    );
  });

  it("never change, and answer with themselves where nothing changes", () => {
    fc.assert(
      fc.property(built, range, ({ ranges }, [start, end]) => {
        const before = String(ranges);
        const plus = ranges.plus(start, end);
        const minus = ranges.minus(start, end);
        ranges.union(plus);
        expect(String(ranges)).toBe(before);
        if (plus.equals(ranges)) expect(plus).toBe(ranges);
        if (minus.equals(ranges)) expect(minus).toBe(ranges);
      }),
    );
  });

  it("stay whole when nothing is taken from their middle", () => {
    const whole = ByteRanges.of(0, 8);
    expect(whole.touches(5, 5)).toBe(false);
    expect(whole.minus(5, 5)).toBe(whole);
  });

  it("join ranges that touch, and split one that loses its middle", () => {
    expect(String(ByteRanges.of(0, 4).plus(4, 8))).toBe("[0,8)");
    expect(String(ByteRanges.of(0, 8).minus(2, 5))).toBe("[0,2) [5,8)");
    expect(ByteRanges.of(5, 5)).toBe(ByteRanges.empty);
    expect(ByteRanges.of(0, 5).minus(0, 5)).toBe(ByteRanges.empty);
    expect(String(ByteRanges.of(0, Number.MAX_SAFE_INTEGER).minus(2 ** 50, 2 ** 50 + 1))).toBe(
      "[0,1125899906842624) [1125899906842625,9007199254740991)",
    );
  });
});

describe("sets that nearly every page has", () => {
  it("exist once, however they came about", () => {
    const whole = ByteRanges.of(0, 4096);
    expect(ByteRanges.empty.plus(0, 4096)).toBe(whole);
    expect(ByteRanges.of(0, 100).plus(200, 4096).plus(50, 300)).toBe(whole);
    expect(ByteRanges.of(0, 8192).minus(4096, 8192)).toBe(whole);
    expect(ByteRanges.of(0, 2 ** 25).toString()).toBe("[0,33554432)");
    expect(ByteRanges.of(0, 0.5).toString()).toBe("[0,0.5)");
  });
});
