/** What scripts do with modes, owners, times and extended attributes: each act answers with what is written down of it. */
import * as fs from "node:fs";
import { digest, pattern } from "./observations.js";
import * as system from "./system-calls.js";

const big = { bigint: true };

/**
 * Whether an ordinary user is asked to change the directory above the working one: a store that he serves finds nothing below a
 * directory that he may not search, unless it is open.
 */
function isAboveOrdinaryUser({ dev, ino }) {
  if (process.geteuid() === 0) return false;
  const above = fs.statSync("..", big);
  return dev === above.dev && ino === above.ino;
}

export function attributeActs({ slots, at, syncMapped }) {
  return {
    chmod(path, mode) {
      const status = fs.statSync(at(path), big);
      if (isAboveOrdinaryUser(status)) return "not the parent";
      syncMapped(status);
      fs.chmodSync(at(path), mode);
    },
    fchmod(slot, mode) {
      const { fd } = slots.get(slot);
      const status = fs.fstatSync(fd, big);
      if (isAboveOrdinaryUser(status)) return "not the parent";
      syncMapped(status);
      fs.fchmodSync(fd, mode);
    },
    chown: (path, uid, gid) => fs.chownSync(at(path), uid, gid),
    lchown: (path, uid, gid) => fs.lchownSync(at(path), uid, gid),
    utimes(path, times, follow) {
      const read = follow ? fs.statSync : fs.lstatSync;
      syncMapped(read(at(path), big));
      system.setTimes(at(path), times, follow);
    },
    futimes(slot, times) {
      const { fd } = slots.get(slot);
      syncMapped(fs.fstatSync(fd, big));
      system.setTimesOpen(fd, times);
    },
    setxattr: (path, name, length, fill, flags) => system.setAttribute(at(path), name, pattern(length, fill), flags),
    getxattr: (path, name) => digest(system.getAttribute(at(path), name)),
    getxattrSized: (path, name, size) => {
      const value = system.getAttribute(at(path), name, size);
      return typeof value === "number" ? value : digest(value);
    },
    listxattr: (path) => system.listAttributes(at(path)).join(","),
    removexattr: (path, name) => system.removeAttribute(at(path), name),
    fchown: (slot, uid, gid) => fs.fchownSync(slots.get(slot).fd, uid, gid),
    setxattrOpen: (slot, name, length, fill, flags) =>
      system.setAttribute(slots.get(slot).fd, name, pattern(length, fill), flags),
    getxattrOpen: (slot, name) => digest(system.getAttribute(slots.get(slot).fd, name)),
  };
}
