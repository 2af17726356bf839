import { expect, it } from "vitest";
import { Log } from "../../../src/cli/log.ts";

it("writes a line with level, time, message and fields as text", () => {
  const lines: string[] = [];
  const log = new Log((line) => lines.push(line), "text", "info");
  log.info("mounted", { url: "sftp://anna:hunter2@host/", path: "/a b", bytes: 5, pid: undefined });
  log.debug("not at this level");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}mounted url=sftp:\/\/\*\*\*@host\/ path="\/a b" bytes=5\n$/,
  );
});

it("writes JSON with big numbers as text, and never the secret", () => {
  const lines: string[] = [];
  const log = new Log((line) => lines.push(line), "json", "debug", { mount: "/m" });
  log.error("refused by sftp://u:hunter2@host", { inode: 2n ** 63n });
  const record: unknown = JSON.parse(lines[0] ?? "");
  expect(record).toMatchObject({
    level: "error",
    message: "refused by sftp://***@host",
    mount: "/m",
    inode: "9223372036854775808",
  });
  expect(lines.join("")).not.toContain("hunter2");
});

it("keeps a message with a newline on one line of text", () => {
  const lines: string[] = [];
  new Log((line) => lines.push(line), "text", "info").warn("a\nb", { name: "c\nd" });
  expect(lines.join("").split("\n")).toHaveLength(2);
});

it("lets no name speak to the terminal", () => {
  const lines: string[] = [];
  new Log((line) => lines.push(line), "text", "info").warn("refused", { path: "/\u001b[2J" });
  expect(lines.join("")).toContain(String.raw`path="/\u001b[2J"`);
});
