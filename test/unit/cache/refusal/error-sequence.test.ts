/** Errors are a sequence that each handle samples (linux-today.md B3; lib/errseq.c). */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { ErrorSequence } from "../../../../src/cache/refusal/error-sequence.ts";

describe("an error sequence", () => {
  test("[S5.8] each handle that was open at the failure hears of it once", () => {
    const errors = new ErrorSequence();
    const one = errors.sample();
    const other = errors.sample();
    const failure = new Failure("ENOSPC");
    errors.record(failure, "alice");
    expect(errors.check(one)).toBe(failure);
    expect(errors.check(one)).toBeUndefined();
    expect(errors.check(other)).toBe(failure);
    expect(errors.check(other)).toBeUndefined();
  });

  test("[S5.8] a failure that nobody heard of is told once to the next opener", () => {
    const errors = new ErrorSequence();
    const failure = new Failure("EIO");
    errors.record(failure, "alice");
    expect(errors.hasUnseen).toBe(true);
    const later = errors.sample();
    expect(errors.check(later)).toBe(failure);
    expect(errors.check(later)).toBeUndefined();
    expect(errors.hasUnseen).toBe(false);
  });

  test("an opener after the failure was heard hears nothing", () => {
    const errors = new ErrorSequence();
    const early = errors.sample();
    errors.record(new Failure("EIO"), "alice");
    errors.check(early);
    expect(errors.check(errors.sample())).toBeUndefined();
  });

  test("the latest failure stands for those before it, and a new one is told again", () => {
    const errors = new ErrorSequence();
    const cursor = errors.sample();
    errors.record(new Failure("EIO"), "alice");
    const second = new Failure("EDQUOT");
    errors.record(second, "alice");
    expect(errors.check(cursor)).toBe(second);
    expect(errors.check(cursor)).toBeUndefined();
    const third = new Failure("EACCES");
    errors.record(third, "alice");
    expect(errors.check(cursor)).toBe(third);
    expect(errors.latest).toBe(third);
  });

  test("[S5.8] [S0.12] a handle hears of its own user's bytes before others', each once", () => {
    const errors = new ErrorSequence();
    const [alices, bobs, carols] = [errors.sample(), errors.sample(), errors.sample()];
    const [hers, his] = [new Failure("EACCES"), new Failure("ESTALE")];
    errors.record(hers, "alice");
    errors.record(his, "bob");
    expect(errors.check(alices, "alice")).toBe(hers);
    expect(errors.check(bobs, "bob")).toBe(his);
    expect(errors.check(carols, "carol")).toBe(his);
    for (const [cursor, owner] of [
      [alices, "alice"],
      [bobs, "bob"],
      [carols, "carol"],
    ] as const) {
      expect(errors.check(cursor, owner)).toBeUndefined();
    }
    const next = new Failure("ENOSPC");
    errors.record(next, "bob");
    expect(errors.check(alices, "alice")).toBe(next);
  });

  test("of very many owners those are remembered that failed last", () => {
    const errors = new ErrorSequence();
    const [first, last] = [errors.sample(), errors.sample()];
    const failures = Array.from({ length: 100 }, () => new Failure("EIO"));
    for (const [index, failure] of failures.entries()) errors.record(failure, `user ${index}`);
    expect(errors.check(first, "user 0")).toBe(failures[99]);
    expect(errors.check(last, "user 36")).toBe(failures[36]);
  });

  test("a file without failures tells nobody of any", () => {
    const errors = new ErrorSequence();
    expect(errors.check(errors.sample())).toBeUndefined();
    expect(errors.hasUnseen).toBe(false);
  });
});
