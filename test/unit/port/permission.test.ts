/** The permission rules against the rules' own words (path_resolution(7), chmod(2), chown(2)). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Credential, permits, posixCredential, type Rights, rightsOfNewNode } from "../../../src/port/index.ts";

const bits = fc.record({ read: fc.boolean(), write: fc.boolean(), execute: fc.boolean() });
const node: fc.Arbitrary<Rights> = fc.record({
  kind: fc.constant("file" as const),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 1, max: 3 }),
  gid: fc.integer({ min: 1, max: 3 }),
});
const credential = fc
  .record({
    uid: fc.integer({ min: 1, max: 3 }),
    gid: fc.integer({ min: 1, max: 3 }),
    groups: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  })
  .map(({ uid, gid, groups }) => posixCredential(uid, gid, groups));

/** One class decides alone: the owner's, else the group's, else that of others. */
function permitsInWords(
  of: Rights,
  access: { read: boolean; write: boolean; execute: boolean },
  by: Credential,
): boolean {
  const isInGroup = [by.gid, ...by.groups].includes(of.gid);
  const shift = by.uid === of.uid ? 6 : isInGroup ? 3 : 0;
  const has = (bit: number): boolean => ((of.mode >> shift) & bit) !== 0;
  return (!access.read || has(4)) && (!access.write || has(2)) && (!access.execute || has(1));
}

describe("permission rules", () => {
  it("let one class of mode bits decide alone", () => {
    fc.assert(
      fc.property(node, bits, credential, (of, access, by) => {
        expect(permits(of, access, by)).toBe(permitsInWords(of, access, by));
      }),
      { numRuns: 2000 },
    );
  });

  it("ask for supplementary groups only where they decide", () => {
    const by: Credential = {
      id: "lazy",
      uid: 7,
      gid: 7,
      get groups(): readonly number[] {
        throw new Error("asked for groups");
      },
    };
    const file: Rights = { kind: "file", mode: 0o644, uid: 7, gid: 1 };
    const reading = { read: true, write: false, execute: false };
    expect(permits(file, reading, by)).toBe(true);
    expect(permits({ ...file, uid: 1 }, reading, by)).toBe(true);
    expect(permits({ ...file, uid: 1, mode: 0o600 }, reading, by)).toBe(false);
    expect(() => permits({ ...file, uid: 1, mode: 0o640 }, reading, by)).toThrow("asked for groups");
  });

  it("give a new node its maker, or the group of a set-group-id directory", () => {
    const by = posixCredential(1000, 1000);
    const plain: Rights = { kind: "directory", mode: 0o755, uid: 1, gid: 50 };
    const inheriting: Rights = { ...plain, mode: 0o2755 };
    expect(rightsOfNewNode(plain, "file", 0o644, by)).toEqual({ kind: "file", mode: 0o644, uid: 1000, gid: 1000 });
    expect(rightsOfNewNode(inheriting, "file", 0o2755, by)).toMatchObject({ mode: 0o755, gid: 50 });
    expect(rightsOfNewNode(inheriting, "directory", 0o755, by)).toMatchObject({ mode: 0o2755, gid: 50 });
  });
});
