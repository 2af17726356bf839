/** System calls relative to descriptors: the two ways to open beneath a directory agree, and identities come back. */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOfErrno } from "../../../src/base/index.ts";
import { actAs, lastErrno, openBeneath, openByStep, openPathOnly, statusOf } from "../../../src/system/index.ts";
import { asOrdinaryUser, ordinaryUser } from "../../contract/ordinary-user.ts";

const nameOnly = openPathOnly | constants.O_NOFOLLOW;
const base = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-system-"));
let directory = -1;

beforeAll(() => {
  mkdirSync(join(base, "a", "b"), { recursive: true });
  writeFileSync(join(base, "a", "b", "f"), "x");
  symlinkSync("a", join(base, "link"));
  symlinkSync("/", join(base, "a", "out"));
  directory = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
});

afterAll(() => {
  closeSync(directory);
  rmSync(base, { recursive: true });
});

describe.each([
  ["in one call", openBeneath],
  ["a step at a time", openByStep],
])("opening beneath a directory %s", (_, open) => {
  function outcome(path: string): string {
    const fd = open(directory, Buffer.from(`${path}\0`), nameOnly);
    if (fd < 0) return codeOfErrno(lastErrno());
    const { ino } = fstatSync(fd);
    closeSync(fd);
    return `${ino}`;
  }

  it("finds files, directories and the links themselves", () => {
    expect(outcome("a/b/f")).toBe(`${statSync(join(base, "a/b/f")).ino}`);
    expect(outcome("a")).toBe(`${statSync(join(base, "a")).ino}`);
    expect(outcome("link")).not.toBe(outcome("a"));
  });

  it("follows no symbolic link on the way", () => {
    expect(["ELOOP", "ENOTDIR"]).toContain(outcome("link/b/f"));
    expect(["ELOOP", "ENOTDIR", "EXDEV"]).toContain(outcome("a/out/etc"));
    expect(outcome("a/none/f")).toBe("ENOENT");
    expect(outcome("a/b/f/g")).toBe("ENOTDIR");
  });
});

describe.skipIf(process.getuid?.() !== 0)("acting as another user (needs root to become one)", () => {
  const own = { uid: 0, gid: 0, groups: Uint32Array.from(process.getgroups?.() ?? []) };
  const other = { uid: 41001, gid: 41001, groups: Uint32Array.of(41005) };

  it("makes files that belong to the other, and comes back after a failure too", () => {
    chmodSync(base, 0o755);
    mkdirSync(join(base, "open"));
    chmodSync(join(base, "open"), 0o777);
    const ownerOfNew = (name: string): number | undefined => {
      const fd = openSync(join(base, name), "wx");
      const status = statusOf(fd);
      closeSync(fd);
      return status?.uid;
    };
    expect(actAs(other, own, () => ownerOfNew("open/theirs"))).toBe(41001);
    expect(() => actAs(other, own, () => ownerOfNew("refused"))).toThrow(/EACCES/);
    expect(ownerOfNew("own")).toBe(0);
  });
});

asOrdinaryUser(() => {
  it("acting as another is refused where the system does not allow it", () => {
    const own = { uid: ordinaryUser.uid, gid: ordinaryUser.gid, groups: new Uint32Array() };
    const act = (): never => expect.unreachable("nothing is done");
    expect(() => actAs({ uid: 41001, gid: 41001, groups: new Uint32Array() }, own, act)).toThrow(/^EPERM/);
  });
});
