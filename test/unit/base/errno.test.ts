/** The table of error codes against the numbers of the system this runs on. */
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { codeOfErrno, errnoOf, errorCodes, isErrorCode, describe as sentenceOf } from "../../../src/base/index.ts";

describe("error codes", () => {
  it("have the numbers that the system has for them", () => {
    const known = constants.errno as Readonly<Record<string, number>>;
    let compared = 0;
    for (const code of errorCodes) {
      if (known[code] === undefined) continue;
      compared++;
      expect(`${code} ${errnoOf(code)}`).toBe(`${code} ${known[code]}`);
    }
    expect(compared).toBeGreaterThan(40);
  });

  it("are found again by their numbers, each number once", () => {
    for (const code of errorCodes) expect(codeOfErrno(errnoOf(code))).toBe(code);
    expect(new Set(errorCodes.map(errnoOf)).size).toBe(errorCodes.length);
  });

  it("take an unlisted number for an input/output error", () => {
    for (const errno of [0, -1, 41, 4095, Number.NaN]) expect(codeOfErrno(errno)).toBe("EIO");
  });

  it("have a sentence each, without a full stop", () => {
    for (const code of errorCodes) expect(sentenceOf(code)).toMatch(/^[a-z][^.]+$/);
    expect(new Set(errorCodes.map(sentenceOf)).size).toBe(errorCodes.length);
  });

  it("are told from other text, inherited names included", () => {
    expect(isErrorCode("EACCES")).toBe(true);
    for (const text of ["", "eacces", "EWHATEVER", "toString", "__proto__", undefined, 13]) {
      expect(isErrorCode(text)).toBe(false);
    }
  });
});
