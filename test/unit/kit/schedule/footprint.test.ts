/** What of a source is recorded, and what of it clashes. */
import { afterEach, describe, expect, test } from "vitest";
import { recordAccesses } from "../../../../tools/races/record-accesses.js";
import {
  access,
  clash,
  type Footprint,
  FootprintRecorder,
  items,
  made,
  parts,
  readsOf,
  recordWith,
} from "../../../kit/schedule/footprint.ts";

const [READS, WRITES, ADDS] = [1, 2, 4];

/** The source as it is rewritten, without the import in front. */
function rewritten(text: string): string {
  return recordAccesses("src/cache/some.ts", text, "recorder").replace(/^import .*? from "recorder"; /, "");
}

describe("a source whose accesses are recorded", () => {
  test.each([
    ["a.b;", '__access(a, "b", 1).b;'],
    ["a.b = 1;", '__access(a, "b", 2).b = 1;'],
    ["a.b += 1;", '__access(a, "b", 4).b += 1;'],
    ["f(a.b++);", 'f(__access(a, "b", 2).b++);'],
    ["this.#b;", '__access(this, "#b", 1).#b;'.replace('"#b"', '"b"')],
    ["a[i];", '__access(a, "[]", 1)[i];'],
    ["delete a.b;", 'delete __access(a, "b", 2).b;'],
    ["a?.b.c;", '__access(__access(a, "b", 1)?.b, "c", 1)?.c;'],
    ["a!.b;", '__access(a!, "b", 1).b;'],
    ["const { b, c: { d } } = a;", 'const { b, c: { d } } = __parts(a, {"b":0,"c":{"d":0}});'],
    ["for (const x of a) f(x);", "for (const x of __items(a)) f(x);"],
    ["new A.B(c.d);", '__made(new A.B(__access(c, "d", 1).d));'],
    ["f(...a);", "f(...__items(a));"],
    ["a.set(b);", '__access(a, "set", 1).set(__readsOf(b));'],
    ["const f = ({ b }: T) => b;", 'const f = (__0: T) => { let { b } = __parts(__0, {"b":0}); return (b); };'],
  ])("%s", (text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });

  test("has what a closure keeps recorded where it is a variable", () => {
    const text = rewritten("function f() { let n = 0; return () => { n += 1; return n; }; }");
    expect(text).toContain(", 2), n += 1);");
    expect(text).toContain(", 1), n);");
  });

  test("keeps every line where it is", () => {
    const text = "function f({ a }: T) {\n  return a\n    ?.b\n    .c;\n}\n";
    expect(rewritten(text).split("\n")).toHaveLength(text.split("\n").length);
  });
});

describe("a footprint", () => {
  afterEach(() => recordWith(undefined));
  const recorder = new FootprintRecorder();
  let turn = 0;

  function footprintOf(work: () => void): Footprint {
    recordWith(recorder);
    turn += 1;
    recorder.nextTurn(turn);
    work();
    recordWith(undefined);
    return recorder.nextTurn(0);
  }

  const thing = { a: { b: 1 }, c: 0 };
  const list = [1, 2];
  const map = new Map([[1, thing]]);
  const bytes = new Uint8Array(8);

  test.each([
    ["two reads", false, () => access(thing, "c", READS), () => access(thing, "c", READS)],
    ["a read and a write", true, () => access(thing, "c", READS), () => access(thing, "c", WRITES)],
    ["two additions", false, () => access(thing, "c", ADDS), () => access(thing, "c", ADDS)],
    ["an addition and a read", true, () => access(thing, "c", ADDS), () => access(thing, "c", READS)],
    ["writes of two fields", false, () => access(thing, "c", WRITES), () => access(thing, "a", WRITES)],
    ["what a pattern takes and a write", true, () => parts(thing, { c: 0 }), () => access(thing, "c", WRITES)],
    ["going through a list and a push", true, () => [...items(list)], () => access(list, "push", READS)],
    [
      "looking into a map and an entry that goes",
      true,
      () => access(map, "get", READS),
      () => access(map, "delete", READS),
    ],
    ["two looks into a map", false, () => access(map, "get", READS), () => access(map, "has", READS)],
    [
      "views of the same bytes, read and written",
      true,
      () => readsOf(bytes.subarray(2)),
      () => access(bytes.subarray(4), "fill", READS),
    ],
    [
      "the length of bytes and a write",
      false,
      () => access(bytes, "length", READS),
      () => access(bytes, "fill", READS),
    ],
    ["two things that were made", false, () => access(made({ c: 1 }), "c", WRITES), () => access(thing, "c", WRITES)],
  ])("of %s clashes: %s", (_, clashes, one, other) => {
    expect(clash(footprintOf(one), footprintOf(other))).toBe(clashes);
  });
});
