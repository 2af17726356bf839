import { expect, it } from "vitest";
import { maskSecrets, withoutSecrets } from "../../../src/base/index.ts";

it("masks the user information of URLs and parameters that sound secret", () => {
  expect(maskSecrets("sftp://anna:hunter2@host/path")).toBe("sftp://***@host/path");
  expect(maskSecrets("s3://bucket/p?endpoint=x&secret-key=abc&token=t#1")).toBe(
    "s3://bucket/p?endpoint=x&secret-key=***&token=***",
  );
  expect(maskSecrets("sftp://anna:hunt@er2@host/path")).toBe("sftp://***@host/path");
  expect(maskSecrets("dir:/srv/a@b")).toBe("dir:/srv/a@b");
});

it("takes secrets out of URLs that are to be opened again", () => {
  expect(withoutSecrets("sftp://anna:hunter2@host:22/path")).toBe("sftp://anna@host:22/path");
  expect(withoutSecrets("sftp://anna:hunt@er2@host/path")).toBe("sftp://anna@host/path");
  expect(withoutSecrets("sftp://anna@host:22/path")).toBe("sftp://anna@host:22/path");
  expect(withoutSecrets("s3://bucket/p?endpoint=x&secret-key=abc&region=eu")).toBe(
    "s3://bucket/p?endpoint=x&secret-key=&region=eu",
  );
  expect(withoutSecrets("dir:/srv/a:b@c")).toBe("dir:/srv/a:b@c");
});
