import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { RunningMount } from "../kit/command.ts";
import { MountedStore, run, runOwn } from "../kit/mounted-store.ts";
import { until } from "../kit/until.ts";
import { type Status, Worker } from "../kit/worker.ts";

it("[G11] what a process closed is in the directory, for whoever opens it there", async () => {
  await using mounted = await MountedStore.start("close-to-open", ["--attribute-timeout", "1min"]);
  await run("sh", ["-c", "head -c 3M /dev/urandom > closed"], { directory: mounted.point });
  await run("cmp", [mounted.at("closed"), mounted.inStore("closed")]);
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  const file = await worker.do("open", "open", "w");
  await worker.do("write", file, "not yet", 0);
  await worker.do("close", file);
  expect(await readFile(mounted.inStore("open"), "utf8")).toBe("not yet");
  await writeFile(mounted.inStore("open"), "from elsewhere");
  expect(await worker.do<string>("readFile", "open")).toBe("from elsewhere");
  await mounted.unmount();
});

it("[G2] bytes that were written before the directory was moved away are there when it is back", async () => {
  await using mounted = await MountedStore.start("moved", ["--attribute-timeout", "0"]);
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  const file = await worker.do("open", "file", "w");
  await worker.do("write", file, "before, ", 0);
  await rename(mounted.store, `${mounted.store}-away`);
  expect(await worker.try("open", "other", "w")).toMatch(/ENOENT|ESTALE|EIO/);
  expect(await worker.try("list", ".")).toMatch(/ENOENT|ESTALE|EIO/);
  await worker.do("write", file, "after", 8);
  await rename(`${mounted.store}-away`, mounted.store);
  await worker.do("fsync", file);
  await worker.do("close", file);
  await mounted.unmount();
  expect(await readFile(mounted.inStore("file"), "utf8")).toBe("before, after");
});

it("[G25] a file that lost its name lives on in the processes that have it open", async () => {
  await using mounted = await MountedStore.start("unlinked");
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await using other = await Worker.start(mounted.scratch, mounted.point);
  const file = await worker.do("open", "file", "w+");
  await worker.do("write", file, "before", 0);
  const second = await other.do("open", "file", "r+");
  await worker.do("unlink", "file");
  expect(await other.try("stat", "file")).toBe("ENOENT");
  await other.do("write", second, " and after", 6);
  expect(await worker.do<string>("read", file, 100, 0)).toBe("before and after");
  expect(await worker.do<Status>("stat", file)).toMatchObject({ nlink: 0, size: 16 });
  await worker.do("fsync", file);
  await worker.do("writeFile", "file", "another");
  await worker.do("close", file);
  expect(await other.do<string>("read", second, 100, 0)).toBe("before and after");
  await other.do("truncate", second, 6);
  expect(await other.do<string>("read", second, 100, 0)).toBe("before");
  await other.do("close", second);
  await mounted.unmount();
  expect(await readFile(mounted.inStore("file"), "utf8")).toBe("another");
  expect(await run("ls", ["-A", mounted.store])).toBe("file\n");
});

it("[G25] hard links are one file under several names", async () => {
  await using mounted = await MountedStore.start("links");
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await worker.do("writeFile", "one", "content");
  await worker.do("mkdir", "below");
  await worker.do("link", "one", "below/two");
  expect(await worker.do<Status>("stat", "one")).toMatchObject({ nlink: 2 });
  await worker.do("writeFile", "below/two", "changed");
  expect(await worker.do<string>("readFile", "one")).toBe("changed");
  expect(await worker.do<Status>("stat", "one")).toMatchObject({ nlink: 2, size: 7 });
  await worker.do("unlink", "one");
  expect(await worker.do<Status>("stat", "below/two")).toMatchObject({ nlink: 1 });
  await worker.do("link", "below/two", "three");
  expect(await worker.try("link", "below", "directory")).toBe("EPERM");
  await mounted.unmount();
  const [two, three] = await Promise.all([stat(mounted.inStore("below", "two")), stat(mounted.inStore("three"))]);
  expect(two).toMatchObject({ ino: three.ino, nlink: 2, size: 7 });
});

it("[G25] renames replace, do not replace, and exchange, as they are told", async () => {
  await using mounted = await MountedStore.start("renames");
  const rename = async (...parameters: string[]): Promise<string> =>
    (await runOwn("rename", parameters, { directory: mounted.point })).trim();
  await run("sh", ["-c", "echo a > a; echo b > b; mkdir d; echo in > d/in"], { directory: mounted.point });
  expect(await rename("a", "b", "noreplace")).toBe("EEXIST");
  expect(await rename("a", "c", "noreplace")).toBe("0");
  expect(await rename("c", "d", "exchange")).toBe("0");
  expect(await rename("c", "none", "exchange")).toBe("ENOENT");
  expect(await rename("b", "c", "plain")).toBe("EISDIR");
  expect(await rename("c", "d", "plain")).toBe("ENOTDIR");
  expect(await run("sh", ["-c", "cat d c/in b"], { directory: mounted.point })).toBe("a\nin\nb\n");
  expect(await rename("c", "c/in/x", "plain")).toBe("ENOTDIR");
  expect(await rename("b", "d", "plain")).toBe("0");
  await mounted.unmount();
  expect(await run("sh", ["-c", "find . -type f | sort; cat d c/in"], { directory: mounted.store })).toBe(
    "./c/in\n./d\nb\nin\n",
  );
});

it("[G17] a change made in the directory itself is seen within the attribute time-out, by open files too", async () => {
  await using mounted = await MountedStore.start("other-client", ["--attribute-timeout", "300ms"]);
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await writeFile(mounted.inStore("file"), "old");
  const file = await worker.do("open", "file", "r");
  expect(await worker.do<string>("read", file, 100, 0)).toBe("old");
  expect(await worker.try("stat", "made")).toBe("ENOENT");
  await writeFile(mounted.inStore("file"), "new and longer");
  await writeFile(mounted.inStore("made"), "elsewhere");
  await run("mkdir", [mounted.inStore("directory")]);
  const seen = async (): Promise<boolean> => (await worker.do<string>("read", file, 100, 0)) === "new and longer";
  await until("the new content is read", seen, 5000);
  await until("the new name is seen", async () => (await worker.try("stat", "made")) === "ok", 5000);
  expect(await worker.do<string[]>("list", ".")).toEqual(["directory", "file", "made"]);
  expect(await worker.do<string>("readFile", "file")).toBe("new and longer");
  await run("rm", [mounted.inStore("made")]);
  await until("the name is gone", async () => (await worker.try("stat", "made")) === "ENOENT", 5000);
  await worker.do("close", file);
  await mounted.unmount();
});

it("[G17] a program that only reads what the kernel has sees a change as soon as anybody looks at the file", async () => {
  await using mounted = await MountedStore.start("only-reads", ["--attribute-timeout", "300ms"]);
  await using reader = await Worker.start(mounted.scratch, mounted.point);
  await using other = await Worker.start(mounted.scratch, mounted.point);
  await writeFile(mounted.inStore("file"), "old");
  const file = await reader.do("open", "file", "r");
  expect(await reader.do<string>("read", file, 3, 0)).toBe("old");
  await writeFile(mounted.inStore("file"), "new");
  const isSeen = async (): Promise<boolean> => {
    await other.do("stat", "file");
    return (await reader.do<string>("read", file, 3, 0)) === "new";
  };
  await until("the reader sees it", isSeen, 5000);
  await reader.do("close", file);
  await mounted.unmount();
});

it("[G9] [G18] bytes based on an old version do not overwrite what another client wrote, and fsync says so", async () => {
  await using mounted = await MountedStore.start("conflict");
  const worker = await Worker.start(mounted.scratch, mounted.point);
  await writeFile(mounted.inStore("file"), "theirs, first");
  const file = await worker.do("open", "file", "r+");
  await worker.do("write", file, "OURS", 0);
  await writeFile(mounted.inStore("file"), "theirs, second");
  expect(await worker.try("fsync", file)).toBe("ESTALE");
  expect(await readFile(mounted.inStore("file"), "utf8")).toBe("theirs, second");
  await worker.kill();
  const ended = await mounted.mount.stop();
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain("/file");
  expect(await readFile(mounted.inStore("file"), "utf8")).toBe("theirs, second");
});

it("[G3] two mounts of one store that write different bytes of one page keep each other's", async () => {
  await using first = await MountedStore.start("two-mounts", ["--attribute-timeout", "0"]);
  await run("sh", ["-c", "printf '0123456789' > shared"], { directory: first.store });
  const point = `${first.scratch}/second`;
  await run("mkdir", [point]);
  await using second = await RunningMount.start(`dir:${first.store}`, point, ["--attribute-timeout", "0"]);
  const write = (directory: string, text: string, position: number): Promise<string> =>
    run(
      "sh",
      ["-c", `printf '%s' "$1" | dd of=shared bs=1 seek=${position} conv=notrunc,fsync status=none`, "sh", text],
      {
        directory,
      },
    );
  await write(first.point, "ab", 1);
  await write(point, "YZ", 7);
  await write(first.point, "c", 3);
  expect(await readFile(first.inStore("shared"), "utf8")).toBe("0abc456YZ9");
  expect(await run("cat", [`${point}/shared`])).toBe("0abc456YZ9");
  expect(await run("cat", [first.at("shared")])).toBe("0abc456YZ9");
  expect((await second.stop()).status).toBe(0);
  await first.unmount();
});
