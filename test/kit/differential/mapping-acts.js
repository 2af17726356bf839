/**
 * What scripts do with mappings. A mapping keeps a descriptor of its file, so that it is only touched where the file has
 * bytes. Times of a file whose mapping has unsent bytes are of either moment, so its mappings are synced before times and modes are set.
 */
import { closeSync, fstatSync } from "node:fs";
import { digest, pattern } from "./observations.js";
import * as system from "./system-calls.js";

const syncNow = 4;
const setIdBits = 0o6000;
const identityOf = ({ dev, ino }) => `${dev}:${ino}`;

class Mappings {
  #mappings = new Map();

  all() {
    return [...this.#mappings.values()];
  }

  get(number) {
    const mapping = this.#mappings.get(number);
    if (mapping === undefined) throw Object.assign(new Error(), { code: "unmapped" });
    return mapping;
  }

  put(number, mapping) {
    if (this.#mappings.has(number)) this.drop(number);
    this.#mappings.set(number, mapping);
  }

  drop(number) {
    const { address, length, fd } = this.get(number);
    this.#mappings.delete(number);
    system.munmap(address, length);
    closeSync(fd);
  }
}

/** Whether a store takes set-id bits away is not the same everywhere, so files that have them are left alone. */
function lendsRights({ fd }) {
  return process.geteuid() !== 0 && (fstatSync(fd).mode & setIdBits) !== 0;
}

/** The part of a range of a mapping that the file has bytes for now. */
function within({ fd, offset, length }, at, count) {
  const end = Math.min(length, fstatSync(fd).size - offset);
  return Math.max(0, Math.min(count, end - at));
}

export function mappingActs({ slots }) {
  const mappings = new Mappings();
  const touch = (mapping) => {
    mapping.dirty = true;
  };
  const sync = (identity) => {
    for (const one of mappings.all()) {
      if (one.identity !== identity || !one.dirty) continue;
      system.msync(one.address, one.length, syncNow);
      one.dirty = false;
    }
  };
  const isMappedDirty = (status) => mappings.all().some((one) => one.dirty && one.identity === identityOf(status));
  const acts = {
    mmap(number, slot, offset, length, writable, shared) {
      const protection = writable ? system.protectReadWrite : system.protectRead;
      const flags = shared ? system.mapShared : system.mapPrivate;
      const { fd, direct } = slots.get(slot);
      if (direct) return "direct";
      const address = system.mmap(0, length, protection, flags, fd, offset);
      const own = system.dup(fd);
      const identity = identityOf(fstatSync(own, { bigint: true }));
      mappings.put(number, { address, length, offset, fd: own, identity, writable, dirty: false });
    },
    munmap(number) {
      const mapping = mappings.get(number);
      sync(mapping.identity);
      mappings.drop(number);
    },
    load(number, at, count) {
      const mapping = mappings.get(number);
      return digest(system.loadBytes(mapping.address + at, within(mapping, at, count)));
    },
    store(number, at, count, fill) {
      const mapping = mappings.get(number);
      if (!mapping.writable || lendsRights(mapping)) return "no target";
      const length = within(mapping, at, count);
      if (length === 0) return 0;
      touch(mapping);
      system.storeBytes(mapping.address + at, pattern(length, fill));
      return length;
    },
    msync(number) {
      sync(mappings.get(number).identity);
    },
    /** write(2) whose source is a mapping, perhaps of the same file. */
    writeFromMapping(slot, offset, number, at, count) {
      const mapping = mappings.get(number);
      const { fd, direct } = slots.get(slot);
      if (direct) return "direct";
      return system.pwriteFrom(fd, mapping.address + at, within(mapping, at, count), offset);
    },
    /** read(2) whose target is a mapping, perhaps of the same file. */
    readIntoMapping(slot, offset, number, at, count) {
      const mapping = mappings.get(number);
      const { fd, direct } = slots.get(slot);
      if (!mapping.writable || direct || lendsRights(mapping)) return "no target";
      const length = within(mapping, at, count);
      if (length > 0) touch(mapping);
      return system.preadTo(fd, mapping.address + at, length, offset);
    },
  };
  const syncMapped = (status) => sync(identityOf(status));
  /** A server of FUSE cannot tell where data lies that only the kernel has yet. */
  const syncAll = () => {
    for (const { identity } of mappings.all()) sync(identity);
  };
  return { acts, isMappedDirty, syncMapped, syncAll };
}
