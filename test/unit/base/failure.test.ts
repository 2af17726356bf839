/** Failures: the shape of Node's system errors, and the way of anything thrown into one. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Failure, failureFrom } from "../../../src/base/index.ts";

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
    expect(failureFrom(Object.assign(new Error(), { code: "EOPNOTSUPP" })).code).toBe("ENOTSUP");
  });

  it("[S0.12] knows by its number an error that Node has no name for", () => {
    const nameless = (errno: number): unknown => ({ code: `Unknown system error ${errno}`, errno });
    expect([-122, -121, -116, -9999].map((errno) => failureFrom(nameless(errno)).code)).toEqual([
      "EDQUOT",
      "EREMOTEIO",
      "ESTALE",
      "EIO",
    ]);
  });

  it("takes an abort for an interruption and everything unknown for an input/output error", () => {
    const controller = new AbortController();
    controller.abort();
    expect(failureFrom(controller.signal.reason).code).toBe("EINTR");
    for (const thrown of [new Error("odd"), "text", 7, null, undefined, { code: "EODD" }]) {
      const failure = failureFrom(thrown);
      expect(failure.code).toBe("EIO");
      if (thrown !== undefined) expect(failure.cause).toBe(thrown);
    }
  });
});
