/** What scripts do with names: each act answers with what is written down of it. */
import * as fs from "node:fs";
import { digest, kindOf, pattern, showStatus } from "./observations.js";
import * as system from "./system-calls.js";

const typeBits = { fifo: 0o010000, socket: 0o140000, file: 0o100000 };
const listBytes = 16;
const directoryOnly = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;
const bytesOf = (text) => Buffer.from(text, "latin1");
const textOf = (bytes) => bytes.toString("latin1");

function list(path) {
  const entries = fs.readdirSync(path, { withFileTypes: true, encoding: "buffer" });
  return entries.map((entry) => `${textOf(entry.name)} ${kindOf(entry)}`).sort();
}

/** Reads a directory in small steps while names in it come and go; the other names must be seen exactly once. */
function listDuring(path, added, removed) {
  const changing = new Set([...added, ...removed]);
  const seen = [];
  const directory = fs.opendirSync(path, { bufferSize: listBytes, encoding: "latin1" });
  let first = true;
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
    if (!changing.has(entry.name)) seen.push(entry.name);
    if (!first) continue;
    first = false;
    const inside = (name) => Buffer.concat([path, bytesOf(`/${name}`)]);
    for (const name of added) fs.closeSync(fs.openSync(inside(name), "a"));
    for (const name of removed) fs.rmSync(inside(name), { force: true });
  }
  directory.closeSync();
  return JSON.stringify(seen.sort());
}

/** A path deeper than any one path may be long; nothing there can be named from the top. */
function deep(levels, name, fill) {
  const said = [];
  let depth = 0;
  try {
    for (; depth < levels; depth += 1) {
      fs.mkdirSync(name, { recursive: false });
      process.chdir(name);
    }
    fs.writeFileSync("bottom", pattern(5000, fill));
    fs.symlinkSync("bottom", "link");
    said.push(digest(fs.readFileSync("link")), String(fs.statSync("bottom").size), list(Buffer.from(".")).join(","));
    fs.renameSync("bottom", "moved");
    fs.appendFileSync("moved", "more");
    said.push(digest(fs.readFileSync("moved")));
  } catch (error) {
    said.push(`${error.code} at ${depth}`);
  }
  if (depth === levels) for (const left of ["bottom", "link", "moved"]) fs.rmSync(left, { force: true });
  for (; depth > 0; depth -= 1) {
    process.chdir("..");
    fs.rmdirSync(name);
  }
  return said.join(" ");
}

/** Goes on for a while in a working directory that was removed. */
function abandon(path, show) {
  const said = [];
  const attempt = (act) => {
    try {
      said.push(act() ?? "ok");
    } catch (error) {
      said.push(error.code);
    }
  };
  const enter = (fd) => {
    process.chdir(`/proc/self/fd/${fd}`);
    fs.closeSync(fd);
  };
  const back = fs.openSync(".", directoryOnly);
  try {
    fs.mkdirSync(path);
    const name = fs.realpathSync.native(path, "buffer");
    enter(fs.openSync(path, directoryOnly));
    attempt(() => fs.rmdirSync(name));
    attempt(() => show(fs.statSync(".", { bigint: true })));
    attempt(() => list(Buffer.from(".")).join(","));
    attempt(() => fs.writeFileSync("new", "x"));
    attempt(() => fs.mkdirSync("new"));
    attempt(() => fs.statSync("new").size);
    attempt(() => kindOf(fs.statSync("..")));
    attempt(() => fs.chmodSync(".", 0o700));
    attempt(() => system.setTimes(Buffer.from("."), ["1000000000123456789", "1100000000123456789"], true));
    attempt(() => show(fs.statSync(".", { bigint: true })));
  } finally {
    enter(back);
  }
  return said.join(" ");
}

/** Removes a directory and everything below it, as far as that goes; answers how much went, and what did not. */
function removeTree(path) {
  if (/(^|\/)\.{0,2}$/.test(textOf(path))) return "not to be removed";
  const status = fs.lstatSync(path);
  let removed = 0;
  const failures = [];
  const attempt = (remove, ...parameters) => {
    try {
      removed += remove(...parameters) ?? 1;
    } catch (error) {
      failures.push(error.code);
    }
  };
  const removeAll = (directory) => {
    let names = [];
    attempt(() => {
      names = fs.readdirSync(directory, { withFileTypes: true, encoding: "buffer" });
      return 0;
    });
    for (const entry of names.sort((one, other) => Buffer.compare(one.name, other.name))) {
      const inside = Buffer.concat([directory, bytesOf("/"), entry.name]);
      if (entry.isDirectory()) removeAll(inside);
      else attempt(fs.unlinkSync, inside);
    }
    attempt(fs.rmdirSync, directory);
  };
  if (status.isDirectory()) removeAll(path);
  else attempt(fs.unlinkSync, path);
  return `${removed} ${failures.join(",")}`;
}

/** Many names in one directory: made, listed, and removed while the directory is being read. */
function crowd(path, count) {
  const inside = (name) => Buffer.concat([path, bytesOf(`/${name}`)]);
  fs.mkdirSync(path);
  for (let index = 0; index < count; index += 1) fs.writeFileSync(inside(`${"n".repeat(index % 90)}${index}`), "x");
  const listed = fs.readdirSync(path).length;
  const directory = fs.opendirSync(path, { bufferSize: 32, encoding: "latin1" });
  let seen = 0;
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
    fs.unlinkSync(inside(entry.name));
    seen += 1;
  }
  directory.closeSync();
  const left = fs.readdirSync(path).length;
  fs.rmdirSync(path);
  return `${listed} ${seen} ${left}`;
}

export function nameActs({ at, isMappedDirty }) {
  const show = (status) => showStatus(status, isMappedDirty(status));
  const big = { bigint: true };
  return {
    stat: (path) => show(fs.statSync(at(path), big)),
    lstat: (path) => show(fs.lstatSync(at(path), big)),
    statfs(path) {
      const { blocks, files } = fs.statfsSync(at(path));
      return `${blocks} ${files}`;
    },
    access: (path, mode) => fs.accessSync(at(path), mode),
    truncate: (path, size) => {
      const fd = fs.openSync(at(path), fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
      try {
        fs.ftruncateSync(fd, size);
      } finally {
        fs.closeSync(fd);
      }
    },
    truncatePath: (path, size) => system.truncate(at(path), size),
    readFile(path) {
      const status = fs.statSync(at(path));
      if (status.isDirectory() || status.isFile())
        return status.size > 8 << 20 ? "large" : digest(fs.readFileSync(at(path)));
      return "no file";
    },
    copyFile: (from, to, mode) => {
      if (!fs.statSync(at(from)).isFile()) return "no file";
      if (fs.statSync(at(to), { throwIfNoEntry: false })?.isFile() === false) return "no file";
      fs.copyFileSync(at(from), at(to), mode);
    },
    mkdir: (path, mode) => fs.mkdirSync(at(path), { mode }),
    abandon: (path) => abandon(at(path), show),
    removeTree: (path) => removeTree(at(path)),
    rmdir: (path) => fs.rmdirSync(at(path)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename: (from, to, flags) => system.rename(at(from), at(to), flags),
    link: (from, to) => fs.linkSync(at(from), at(to)),
    symlink: (target, path) => fs.symlinkSync(bytesOf(target), at(path)),
    readlink: (path) => textOf(fs.readlinkSync(at(path), "buffer")),
    mknod: (path, kind, mode) => system.makeNode(at(path), typeBits[kind] | mode, 0),
    list: (path) => list(at(path)).join(","),
    listOpen: (slot) => list(at(`@${slot}/.`)).join(","),
    listDuring: (path, added, removed) => listDuring(at(path), added, removed),
    deep: (levels, name, fill) => deep(levels, name, fill),
    crowd: (path, count) => crowd(at(path), count),
    umask: (mask) => process.umask(mask).toString(8),
  };
}
