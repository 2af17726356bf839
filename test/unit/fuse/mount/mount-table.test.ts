import { expect, it } from "vitest";
import { escapeOption } from "../../../../src/fuse/mount/fusermount.ts";
import { parseMountTable } from "../../../../src/fuse/mount/mount-table.ts";

it("a mount table is read with odd names and optional fields", () => {
  const table = [
    "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
    "40 35 0:53 / /home/a\\040b\\134c rw - fuse.holdfast sftp://h/x\\040y rw,user_id=0",
    "41 35 0:54 / /plain rw shared:1 master:2 - tmpfs none rw",
    "",
  ].join("\n");
  expect(parseMountTable(table)).toEqual([
    { device: "98:0", directory: "/mnt2", type: "ext3", source: "/dev/root" },
    { device: "0:53", directory: "/home/a b\\c", type: "fuse.holdfast", source: "sftp://h/x y" },
    { device: "0:54", directory: "/plain", type: "tmpfs", source: "none" },
  ]);
});

it("options keep their commas and backslashes", () => {
  expect(escapeOption("s3://b/a,b\\c")).toBe("s3://b/a\\,b\\\\c");
});
