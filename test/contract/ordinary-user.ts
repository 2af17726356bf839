/** Tests that need a process that is no superuser: run by root, the process gives up its effective rights meanwhile. */
import { afterAll, beforeAll, describe } from "vitest";

export const isRoot: boolean = process.getuid?.() === 0;

/** The user that the process is, or becomes: root becomes one that owns nothing. */
export const ordinaryUser: { readonly uid: number; readonly gid: number } = isRoot
  ? { uid: 41003, gid: 41003 }
  : { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

export function asOrdinaryUser(define: () => void): void {
  describe("as an ordinary user", () => {
    const groups = process.getgroups?.() ?? [];
    beforeAll(() => {
      if (!isRoot) return;
      process.setgroups?.([]);
      process.setegid?.(ordinaryUser.gid);
      process.seteuid?.(ordinaryUser.uid);
    });
    afterAll(() => {
      if (!isRoot) return;
      process.seteuid?.(0);
      process.setegid?.(0);
      process.setgroups?.(groups);
    });
    define();
  });
}
