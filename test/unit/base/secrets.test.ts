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

it("whatever the parameter is called and the secret has in it", () => {
  expect(maskSecrets("s3://b?aws_secret_access_key=abc&a=1&session_token=d")).toBe(
    "s3://b?aws_secret_access_key=***&a=1&session_token=***",
  );
  expect(maskSecrets("sftp://h?passphrase=abc&private_key2=public")).toBe(
    "sftp://h?passphrase=***&private_key2=public",
  );
  expect(maskSecrets("s3://AKID:ab/c+d/e@host/x@y")).toBe("s3://***@host/x@y");
  expect(withoutSecrets("s3://AKID:ab/c+d/e@host/x@y")).toBe("s3://AKID@host/x@y");
});

it("leaves ports and paths alone", () => {
  for (const url of [
    "sftp://host:22/a@b",
    "sftp://host:/a@b",
    "sftp://[::1]:22/a@b",
    "dir:///srv/a:b@c",
    "http://h/p:a@b",
  ]) {
    expect([maskSecrets(url), withoutSecrets(url)]).toEqual([url, url]);
  }
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
