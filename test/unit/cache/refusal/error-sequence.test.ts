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
    errors.record(failure);
    expect(errors.check(one)).toBe(failure);
    expect(errors.check(one)).toBeUndefined();
    expect(errors.check(other)).toBe(failure);
    expect(errors.check(other)).toBeUndefined();
  });

  test("[S5.8] a failure that nobody heard of is told once to the next opener", () => {
    const errors = new ErrorSequence();
    const failure = new Failure("EIO");
    errors.record(failure);
    expect(errors.hasUnseen).toBe(true);
    const later = errors.sample();
    expect(errors.check(later)).toBe(failure);
    expect(errors.check(later)).toBeUndefined();
    expect(errors.hasUnseen).toBe(false);
  });

  test("an opener after the failure was heard hears nothing", () => {
    const errors = new ErrorSequence();
    const early = errors.sample();
    errors.record(new Failure("EIO"));
    errors.check(early);
    expect(errors.check(errors.sample())).toBeUndefined();
  });

  test("the latest failure stands for those before it, and a new one is told again", () => {
    const errors = new ErrorSequence();
    const cursor = errors.sample();
    errors.record(new Failure("EIO"));
    const second = new Failure("EDQUOT");
    errors.record(second);
    expect(errors.check(cursor)).toBe(second);
    expect(errors.check(cursor)).toBeUndefined();
    const third = new Failure("EACCES");
    errors.record(third);
    expect(errors.check(cursor)).toBe(third);
    expect(errors.latest).toBe(third);
  });

  test("a file without failures tells nobody of any", () => {
    const errors = new ErrorSequence();
    expect(errors.check(errors.sample())).toBeUndefined();
    expect(errors.hasUnseen).toBe(false);
  });
});
