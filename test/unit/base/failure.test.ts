/** Failures: the shape of Node's system errors, and the way of anything thrown into one. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Failure, failureFrom, UnlistedFailure } from "../../../src/base/index.ts";

describe("failure", () => {
  it("has the fields of a system error of Node", () => {
    let thrown: NodeJS.ErrnoException | undefined;
    try {
      readFileSync("/no/such/file");
    } catch (error) {
      thrown = error as NodeJS.ErrnoException;
    }
    const failure = new Failure("ENOENT", { syscall: "open", path: "/no/such/file" });
    expect(failure).toBeInstanceOf(Error);
    expect({ ...failure }).toMatchObject({
      code: thrown?.code,
      errno: thrown?.errno,
      syscall: thrown?.syscall,
      path: thrown?.path,
    });
    expect(failure.message).toBe(thrown?.message);
  });

  it("says in one line what failed, on what and why", () => {
    const renamed = new Failure("EXDEV", { syscall: "rename", path: "/a", dest: "/b", detail: "two stores" });
    expect(renamed.message).toBe("EXDEV: cross-device link (two stores), rename '/a' -> '/b'");
    expect(new Failure("EIO").message).toBe("EIO: input/output error");
    expect("path" in new Failure("EIO")).toBe(false);
  });

  it("passes through a failure and keeps the code and cause of what has one", () => {
    const failure = new Failure("EDQUOT");
    expect(failureFrom(failure, { syscall: "write" })).toBe(failure);
    const cause = Object.assign(new Error("refused"), { code: "EACCES" });
    const made = failureFrom(cause, { syscall: "write", path: "/a" });
    expect([made.code, made.syscall, made.path, made.cause]).toEqual(["EACCES", "write", "/a", cause]);
    const byAnotherName = ["EOPNOTSUPP", "EWOULDBLOCK", "ERESTARTSYS"].map((code) => failureFrom({ code }).code);
    expect(byAnotherName).toEqual(["ENOTSUP", "EAGAIN", "EINTR"]);
  });

  it("[S0.12] knows by its number an error that Node has no name for", () => {
    const nameless = (errno: number): unknown => ({ code: `Unknown system error ${errno}`, errno });
    expect([-122, -121, -117, -116, -512].map((errno) => failureFrom(nameless(errno)).code)).toEqual([
      "EDQUOT",
      "EREMOTEIO",
      "EUCLEAN",
      "ESTALE",
      "EINTR",
    ]);
    expect(failureFrom(nameless(-9999))).toBeInstanceOf(UnlistedFailure);
  });

  it("takes an abort for an interruption and everything else for an unlisted failure, which is told as EIO", () => {
    const controller = new AbortController();
    controller.abort();
    expect(failureFrom(controller.signal.reason).code).toBe("EINTR");
    for (const thrown of [new Error("odd"), "text", 7, null, undefined, { code: "EODD" }]) {
      const failure = failureFrom(thrown);
      expect(failure).toBeInstanceOf(UnlistedFailure);
      expect(failure.code).toBe("EIO");
      if (thrown !== undefined) expect(failure.cause).toBe(thrown);
    }
  });
});
