/**
 * `volume.promises` behaves as node:fs/promises does: each scene is played on a real directory by Node and on a volume,
 * and what the calls answered or threw (code, system call, path) must be the same.
 */
import { constants } from "node:fs";
import * as nodePromises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryVolume } from "../../kit/memory-volume.ts";

type Promises = typeof nodePromises;
/** A scene is played below a directory and tells what it saw. */
type Scene = (fs: Promises, at: string, told: (what: unknown) => void) => Promise<void>;

let scratch: string;

beforeAll(async () => {
  scratch = await nodePromises.mkdtemp(join(tmpdir(), "holdfast-like-node-"));
});

afterAll(async () => {
  await nodePromises.rm(scratch, { recursive: true, force: true });
});

/** What a call threw, without what may differ: the directory and the sentence. */
async function failureOf(at: string, call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
    return "nothing was thrown";
  } catch (thrown) {
    const { code, errno, syscall, path, dest } = thrown as NodeJS.ErrnoException & { dest?: string };
    return { code, errno, syscall, path: path?.replace(at, ""), dest: dest?.replace(at, "") };
  }
}

const scenes: Record<string, Scene> = {
  "reading and writing whole files": async (fs, at, told) => {
    await fs.writeFile(`${at}/a`, "first");
    await fs.appendFile(`${at}/a`, " second");
    told(await fs.readFile(`${at}/a`, "utf8"));
    told((await fs.readFile(`${at}/a`)).toString("hex"));
    await fs.writeFile(`${at}/a`, new Uint8Array([1, 2, 3]));
    told(await fs.readFile(`${at}/a`, { encoding: "base64" }));
    await fs.writeFile(`${at}/b`, "text", { mode: 0o600, flag: "wx" });
    told((await fs.stat(`${at}/b`)).mode.toString(8));
    await fs.writeFile(`${at}/c`, ["one", "two"]);
    told(await fs.readFile(`${at}/c`, "latin1"));
    await fs.truncate(`${at}/c`, 4);
    await fs.copyFile(`${at}/c`, `${at}/d`);
    told(await fs.readFile(`${at}/d`, "utf8"));
    told(await failureOf(at, () => fs.copyFile(`${at}/c`, `${at}/d`, constants.COPYFILE_EXCL)));
  },
  "opening by flags": async (fs, at, told) => {
    for (const flags of ["r", "r+", "rs+"]) told(await failureOf(at, () => fs.open(`${at}/absent`, flags)));
    await fs.writeFile(`${at}/a`, "0123456789");
    for (const flags of ["wx", "ax", "wx+"]) told(await failureOf(at, () => fs.open(`${at}/a`, flags)));
    const appending = await fs.open(`${at}/a`, "a+");
    told((await appending.write("abc", 0)).bytesWritten);
    told((await appending.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString());
    await appending.close();
    told(await fs.readFile(`${at}/a`, "utf8"));
    const reading = await fs.open(`${at}/a`, "r");
    told(await failureOf(at, () => reading.write("x")).then((failure) => (failure as { code: string }).code));
    await reading.close();
    const writing = await fs.open(`${at}/a`, "w");
    told(await failureOf(at, () => writing.read()).then((failure) => (failure as { code: string }).code));
    told((await writing.stat()).size);
    await writing.close();
    told(await failureOf(at, () => fs.open(`${at}`, "w")));
  },
  "positions of a handle": async (fs, at, told) => {
    const file = await fs.open(`${at}/a`, "w+");
    told((await file.write("hello ")).bytesWritten);
    told((await file.write(Buffer.from("-world-"), 1, 5)).bytesWritten);
    told((await file.write(Buffer.from("J"), 0, 1, 0)).bytesWritten);
    told((await file.writev([Buffer.from("!"), Buffer.from("?")])).bytesWritten);
    told((await file.read(Buffer.alloc(5), 0, 5, 0)).buffer.toString());
    told((await file.read({ buffer: Buffer.alloc(20), position: 6 })).bytesRead);
    const parts = [Buffer.alloc(3), Buffer.alloc(100)];
    told((await file.readv(parts, 0)).bytesRead);
    told(parts[0]?.toString());
    await file.truncate(4);
    told((await file.stat()).size);
    told((await file.stat({ bigint: true })).size.toString());
    await file.close();
    told(await fs.readFile(`${at}/a`, "utf8"));
    const again = await fs.open(`${at}/a`);
    told((await again.read(Buffer.alloc(2))).buffer.toString());
    told(await again.readFile("utf8"));
    told((await again.read(Buffer.alloc(2))).bytesRead);
    await again.close();
    await again.close().catch(() => undefined);
  },
  directories: async (fs, at, told) => {
    told((await fs.mkdir(`${at}/x/y/z`, { recursive: true }))?.replace(at, ""));
    told(await fs.mkdir(`${at}/x/y/z`, { recursive: true }));
    told(await failureOf(at, () => fs.mkdir(`${at}/x`)));
    told(await failureOf(at, () => fs.mkdir(`${at}/no/such`)));
    await fs.writeFile(`${at}/x/file`, "");
    told(await failureOf(at, () => fs.mkdir(`${at}/x/file/under`)));
    told((await fs.readdir(`${at}/x`)).sort());
    told((await fs.readdir(`${at}/x`, { recursive: true })).sort());
    const dirents = await fs.readdir(`${at}/x`, { withFileTypes: true });
    told(dirents.map((dirent) => [dirent.name, dirent.isFile(), dirent.isDirectory()]).sort());
    told(await failureOf(at, () => fs.readdir(`${at}/x/file`)));
    const opened: string[] = [];
    for await (const dirent of await fs.opendir(`${at}/x`)) opened.push(dirent.name);
    told(opened.sort());
    told(await failureOf(at, () => fs.rmdir(`${at}/x`)));
    told(await failureOf(at, () => fs.rmdir(`${at}/x/file`)));
    told(await failureOf(at, () => fs.rm(`${at}/absent`)).then((failure) => (failure as { code: string }).code));
    await fs.rm(`${at}/absent`, { force: true });
    await fs.rmdir(`${at}/x/y/z`);
    await fs.rm(`${at}/x`, { recursive: true });
    told(await fs.readdir(at));
    told((await fs.mkdtemp(`${at}/temporary-`)).replace(at, "").length);
  },
  "links, walking and loops": async (fs, at, told) => {
    await fs.mkdir(`${at}/real/inner`, { recursive: true });
    await fs.writeFile(`${at}/real/file`, "content");
    await fs.symlink("real", `${at}/link`);
    await fs.symlink("../real/file", `${at}/real/up`);
    await fs.symlink("loop", `${at}/loop`);
    await fs.symlink("absent", `${at}/dangling`);
    told(await fs.readFile(`${at}/link/up`, "utf8"));
    told(await fs.readFile(`${at}/link/inner/../file`, "utf8"));
    told(await fs.readlink(`${at}/real/up`));
    told((await fs.lstat(`${at}/link`)).isSymbolicLink());
    told((await fs.stat(`${at}/link/`)).isDirectory());
    told((await fs.lstat(`${at}/link/`)).isDirectory());
    told(await failureOf(at, () => fs.readFile(`${at}/loop`)));
    told(await failureOf(at, () => fs.stat(`${at}/dangling`)));
    told(await failureOf(at, () => fs.readlink(`${at}/real/file`)));
    told(
      await failureOf(at, () => fs.symlink("x", `${at}/link`)).then((failure) => (failure as { code: string }).code),
    );
    told(await failureOf(at, () => fs.open(`${at}/link`, constants.O_RDONLY | constants.O_NOFOLLOW)));
    told(await failureOf(at, () => fs.readFile(`${at}/real/file/`)));
    told(await failureOf(at, () => fs.stat(`${at}/real/file/x`)));
    await fs.writeFile(`${at}/dangling`, "made through the link");
    told(await fs.readFile(`${at}/absent`, "utf8"));
    await fs.link(`${at}/real/file`, `${at}/hard`);
    told((await fs.stat(`${at}/hard`)).nlink);
    told(await failureOf(at, () => fs.link(`${at}/absent-too`, `${at}/other`)));
    told((await fs.realpath(`${at}/link/inner`)).replace(at, ""));
  },
  "one file by two names, and paths that lead through files": async (fs, at, told) => {
    await fs.writeFile(`${at}/a`, "content");
    await fs.link(`${at}/a`, `${at}/b`);
    await fs.symlink("b", `${at}/s`);
    for (const to of ["a", "b", "s"]) {
      await fs.copyFile(`${at}/a`, `${at}/${to}`);
      told(await fs.readFile(`${at}/a`, "utf8"));
    }
    for (const name of ["a", "b", "s", "a"]) told((await fs.realpath(`${at}/${name}`)).replace(at, ""));
    told(await failureOf(at, () => fs.readFile(`${at}/a/../b`)));
    told(await failureOf(at, () => fs.stat(`${at}/a/..`)));
    for (const make of ["rename", "link", "symlink"] as const) {
      told(
        await failureOf(at, () => fs[make](`${at}/a`, `${at}/new/`)).then(
          (failure) => (failure as { code: string }).code,
        ),
      );
    }
    await fs.rm(`${at}/no/such`, { force: true });
    told(
      await failureOf(at, () => fs.rm(`${at}/a/x`, { force: true })).then(
        (failure) => (failure as { code: string }).code,
      ),
    );
    told((await fs.readdir(at)).sort());
  },
  "copying over a longer file": async (fs, at, told) => {
    await fs.writeFile(`${at}/short`, "short");
    await fs.chmod(`${at}/short`, 0o626);
    await fs.writeFile(`${at}/long`, "a longer content");
    for (const to of ["long", "new"]) {
      await fs.copyFile(`${at}/short`, `${at}/${to}`);
      told(await fs.readFile(`${at}/${to}`, "utf8"));
      told((await fs.stat(`${at}/${to}`)).mode.toString(8));
    }
    const before = await fs.stat(`${at}/long`);
    await fs.chown(`${at}/long`, -1, -1);
    await fs.lchown(`${at}/long`, -1, -1);
    const after = await fs.stat(`${at}/long`);
    told([after.uid === before.uid, after.gid === before.gid]);
  },
  "a handle that was closed": async (fs, at, told) => {
    const file = await fs.open(`${at}/a`, "w+");
    await file.write("content");
    const writing = file.write(" and more").then(() => "written");
    const closing = file.close().then(() => "closed");
    told(await Promise.race([closing, writing]));
    await closing;
    told(file.fd);
    for (const late of [
      () => file.stat(),
      () => file.chmod(0o600),
      () => file.read(),
      () => file.write("x"),
      () => file.sync(),
    ]) {
      told(await failureOf(at, late).then((failure) => (failure as { code: string }).code));
    }
    told(await fs.readFile(`${at}/a`, "utf8"));
  },
  "renaming and removing": async (fs, at, told) => {
    await fs.writeFile(`${at}/a`, "a");
    await fs.mkdir(`${at}/d/e`, { recursive: true });
    await fs.rename(`${at}/a`, `${at}/d/b`);
    told(await fs.readFile(`${at}/d/b`, "utf8"));
    told(await failureOf(at, () => fs.rename(`${at}/a`, `${at}/c`)));
    told(await failureOf(at, () => fs.rename(`${at}/d/b`, `${at}/d/e`)));
    told(await failureOf(at, () => fs.rename(`${at}/d`, `${at}/d/e/f`)));
    await fs.rename(`${at}/d`, `${at}/moved`);
    told((await fs.readdir(`${at}/moved`)).sort());
    told(await failureOf(at, () => fs.unlink(`${at}/absent`)));
    await fs.unlink(`${at}/moved/b`);
    told((await fs.readdir(`${at}/moved`)).sort());
  },
  attributes: async (fs, at, told) => {
    await fs.writeFile(`${at}/a`, "12345");
    await fs.chmod(`${at}/a`, 0o640);
    await fs.utimes(`${at}/a`, 1_000, new Date(2_000_000));
    const stats = await fs.stat(`${at}/a`);
    told([stats.mode, stats.nlink, stats.size, stats.mtimeMs, stats.atimeMs, stats.mtime.toISOString()]);
    const exact = await fs.stat(`${at}/a`, { bigint: true });
    told([exact.mode, exact.size, exact.mtimeNs, exact.mtimeMs].map(String));
    const file = await fs.open(`${at}/a`, "r+");
    await file.write("more", 5);
    await file.utimes(3, 4);
    told((await file.stat()).mtimeMs);
    await file.chmod(0o600);
    await file.close();
    const after = await fs.stat(`${at}/a`);
    told([after.mode, after.size, after.mtimeMs]);
    told(await failureOf(at, () => fs.access(`${at}/absent`)));
    await fs.access(`${at}/a`, constants.R_OK | constants.W_OK);
    told(await failureOf(at, () => fs.chmod(`${at}/absent`, 0)));
    told(await failureOf(at, () => fs.truncate(at)).then((failure) => (failure as { code: string }).code));
  },
};

describe("volume.promises, compared with node:fs/promises", () => {
  it.each(Object.keys(scenes))("%s", async (name) => {
    const scene = scenes[name] as Scene;
    const directory = await nodePromises.mkdtemp(join(scratch, "scene-"));
    const byNode: unknown[] = [];
    await scene(nodePromises, directory, (what) => byNode.push(what));

    await using place = await memoryVolume();
    await place.volume.promises.mkdir("/scene");
    const byVolume: unknown[] = [];
    await scene(place.volume.promises as unknown as Promises, "/scene", (what) => byVolume.push(what));
    expect(byVolume).toEqual(byNode);
    expect(byNode.length).toBeGreaterThanOrEqual(5);
    await place.volume.close();
    expect(place.volume.snapshot()).toMatchObject({ openFiles: [], cache: { openSpaces: 0, frameBytes: 0 } });
  });

  it("has every function but those that the README names, and what is not for Linux or came after Node 20", async () => {
    await using place = await memoryVolume();
    const lacking = Object.keys(nodePromises).filter((name) => !(name in place.volume.promises));
    const known = ["cp", "glob", "watch", "lchmod", "mkdtempDisposable", "default"];
    expect(lacking.filter((name) => !known.includes(name))).toEqual([]);
    expect(lacking).toContain("watch");
  });
});
