import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { openReplyFlags } from "../../../../src/fuse/wire/open-files.ts";
import { writeFlags } from "../../../../src/fuse/wire/read-write.ts";
import type { Store } from "../../../../src/port/index.ts";
import { withMembers } from "../../../kit/hooked-store.ts";
import { KernelSide, text, u32, u64 } from "../../../kit/kernel-side.ts";
import { type MemoryVolume, memoryVolume } from "../../../kit/memory-volume.ts";
import { until } from "../../../kit/until.ts";
import { recordedPacket, recordedPackets } from "../wire/recorded-packets.ts";

const O_RDWR = 2;
const O_APPEND = 0o2000;
const errno = { ENOENT: 2, EINTR: 4, EBADF: 9, EINVAL: 22, ENOTTY: 25, ENOSYS: 38, EPROTO: 71, ESTALE: 116 };

/** Holds writes at the store until they are let go; a signal that fires ends them with EINTR. */
class Gate {
  #open: () => void = () => {};
  #opened: Promise<void> = Promise.resolve();
  held = 0;
  fired = 0;

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  before(store: Store): Store {
    return withMembers(store, {
      write: async (node, offset, frames, expected, call) => {
        this.held += 1;
        call.signal.addEventListener("abort", () => {
          this.fired += 1;
        });
        await this.#opened;
        this.held -= 1;
        return store.write(node, offset, frames, expected, call);
      },
    });
  }
}

let gate: Gate;
let volume: MemoryVolume;
let kernel: KernelSide;

beforeEach(async () => {
  gate = new Gate();
  volume = await memoryVolume({ wrap: (store) => gate.before(store) });
  kernel = new KernelSide(volume.volume);
});

afterEach(async () => {
  gate.open();
  await kernel.session.end();
  expect(kernel.stray).toEqual([]);
  expect(kernel.session.pending.count).toBe(0);
  expect(kernel.session.open.count).toBe(0);
  await volume[Symbol.asyncDispose]();
});

describe("answers", () => {
  it("a file is made, written, read and found again", async () => {
    const { node, handle } = await kernel.create("letter", O_RDWR);
    const bytes = Buffer.from("written through the session");
    const written = await kernel.write(handle, node, 3, bytes);
    expect(written.body.readUInt32LE(0)).toBe(bytes.length);
    const read = await kernel.read(handle, node, 0, 4096);
    expect(read.body).toEqual(Buffer.concat([Buffer.alloc(3), bytes]));
    expect(await kernel.lookup(1, "letter")).toBe(node);
    const attributes = await kernel.ask(opcodes.GETATTR, node, [u32(0), u32(0), u64(0)]);
    expect(Number(attributes.body.readBigUInt64LE(16 + 8))).toBe(bytes.length + 3);
  });

  it("a cached write and a cached read are answered in the turn that asks", async () => {
    const { node, handle } = await kernel.create("quick", O_RDWR);
    await kernel.session.pending.idle();
    const turn: string[] = [];
    const writing = kernel.write(handle, node, 0, Buffer.alloc(4096, 7)).then(() => turn.push("written"));
    expect(kernel.session.pending.count).toBe(0);
    const reading = kernel.read(handle, node, 0, 4096).then(() => turn.push("read"));
    expect(kernel.session.pending.count).toBe(0);
    await Promise.all([writing, reading]);
    expect(turn).toEqual(["written", "read"]);
  });

  it("a missing name is an answer that the kernel may believe for a while", async () => {
    const { error, body } = await kernel.ask(opcodes.LOOKUP, 1, [text("nothing")]);
    expect(error).toBe(0);
    expect([Number(body.readBigUInt64LE(0)), Number(body.readBigUInt64LE(16))]).toEqual([0, 1]);
  });

  it("[G26] unknown opcodes, ioctls, nodes and handles are refused by their own errors", async () => {
    expect((await kernel.ask(99, 1)).error).toBe(errno.ENOSYS);
    expect((await kernel.ask(opcodes.BMAP, 1, [u64(0), u32(0), u32(0)])).error).toBe(errno.ENOSYS);
    // An unnamed file, whose name the kernel gives as "/"; it tells the program EOPNOTSUPP then.
    const unnamed = [u32(0o20200002), u32(0o100600), u32(0o22), u32(0), text("/")];
    expect((await kernel.ask(opcodes.TMPFILE, 1, unnamed)).error).toBe(errno.ENOSYS);
    expect((await kernel.ask(opcodes.IOCTL, 1, [u64(0), u64(0), u64(0), u64(0)])).error).toBe(errno.ENOTTY);
    expect((await kernel.ask(opcodes.GETATTR, 12345, [u64(0), u64(0)])).error).toBe(errno.ESTALE);
    expect((await kernel.read(777, 1, 0, 10)).error).toBe(errno.EBADF);
    const whiteout = [u64(1), u32(4), u32(0), text("a"), text("b")];
    expect((await kernel.ask(opcodes.RENAME2, 1, whiteout)).error).toBe(errno.EINVAL);
  });

  it("[G26] a malformed packet is logged and refused, and the next one is served", async () => {
    const malformed = await kernel.ask(opcodes.GETATTR, 1, [u32(0)]);
    expect(malformed.error).toBe(errno.EPROTO);
    expect(kernel.log).toHaveLength(1);
    kernel.deliver(Buffer.alloc(7));
    for (const opcode of recordedPackets.keys()) kernel.deliver(recordedPacket(opcode).subarray(0, 39));
    expect(kernel.session.counters.malformed).toBeGreaterThan(30);
    expect((await kernel.ask(opcodes.GETATTR, 1, [u64(0), u64(0)])).error).toBe(0);
    kernel.stray.length = 0;
  });
});

describe("directories", () => {
  it("are listed with their dots, go on where the last answer ended, and count the nodes they hand over", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `name-${String(index).padStart(3, "0")}`);
    for (const name of names) {
      const made = await kernel.create(name, O_RDWR);
      await kernel.ask(opcodes.RELEASE, made.node, [u64(made.handle), u64(0), u64(0)]);
      kernel.tell(opcodes.FORGET, made.node, [u64(1)]);
    }
    expect(kernel.session.references.nodeCount).toBe(0);
    const opened = await kernel.ask(opcodes.OPENDIR, 1, [u32(0), u32(0)]);
    const handle = Number(opened.body.readBigUInt64LE(0));
    const found: string[] = [];
    for (let offset = 0; ; ) {
      const parts = [u64(handle), u64(offset), u32(1024), u32(0), u64(0), u32(0), u32(0)];
      const { body } = await kernel.ask(opcodes.READDIRPLUS, 1, parts);
      if (body.length === 0) break;
      for (let at = 0; at < body.length; ) {
        const nameBytes = body.readUInt32LE(at + 128 + 16);
        found.push(body.toString("utf8", at + 152, at + 152 + nameBytes));
        offset = Number(body.readBigUInt64LE(at + 128 + 8));
        at += 128 + ((24 + nameBytes + 7) & ~7);
      }
    }
    expect(found.slice(0, 2)).toEqual([".", ".."]);
    expect(found.slice(2).sort()).toEqual(names);
    expect(kernel.session.references.nodeCount).toBe(names.length);
    await kernel.ask(opcodes.RELEASEDIR, 1, [u64(handle), u64(0), u64(0)]);
  });
});

describe("waiting requests", () => {
  async function openDirty(): Promise<{ node: number; handle: number }> {
    const made = await kernel.create("held", O_RDWR);
    await kernel.write(made.handle, made.node, 0, Buffer.alloc(4096, 1));
    gate.close();
    return made;
  }

  it("[G13] end with EINTR when interrupted, and the store's signal fires; the bytes stay", async () => {
    const { node, handle } = await openDirty();
    const unique = kernel.nextUnique;
    const syncing = kernel.ask(opcodes.FSYNC, node, [u64(handle), u64(0)]);
    await until("the write is held at the store", () => gate.held > 0);
    kernel.tell(opcodes.INTERRUPT, 0, [u64(unique)]);
    expect((await syncing).error).toBe(errno.EINTR);
    gate.open();
    expect((await kernel.ask(opcodes.FSYNC, node, [u64(handle), u64(0)])).error).toBe(0);
  });

  it("do not keep others from being served", async () => {
    const { node, handle } = await openDirty();
    const syncing = kernel.ask(opcodes.FSYNC, node, [u64(handle), u64(0)]);
    await until("the write is held at the store", () => gate.held > 0);
    expect((await kernel.ask(opcodes.GETATTR, 1, [u64(0), u64(0)])).error).toBe(0);
    await until("one request waits", () => kernel.session.pending.count === 1);
    gate.open();
    expect((await syncing).error).toBe(0);
  });
});

describe("references and handles", () => {
  it("an answer that the kernel does not take hands nothing over", async () => {
    const { node, handle } = await kernel.create("abandoned", O_RDWR);
    await kernel.ask(opcodes.RELEASE, node, [u64(handle), u64(0), u64(0)]);
    kernel.tell(opcodes.FORGET, node, [u64(1)]);
    kernel.takesAnswers = false;
    void kernel.ask(opcodes.LOOKUP, 1, [text("abandoned")]);
    void kernel.ask(opcodes.OPEN, 1, [u32(O_RDWR), u32(0)]);
    void kernel.ask(opcodes.CREATE, 1, [u32(O_RDWR), u32(0o100644), u32(0), u32(0), text("other")]);
    await kernel.session.pending.idle();
    kernel.takesAnswers = true;
    expect(kernel.session.references.nodeCount).toBe(0);
    expect(kernel.session.open.count).toBe(0);
  });

  it("FORGET and BATCH_FORGET count exactly; what is given back too often is logged, not done", async () => {
    const { node } = await kernel.create("counted", O_RDWR);
    await kernel.lookup(1, "counted");
    await kernel.lookup(1, "counted");
    kernel.tell(opcodes.BATCH_FORGET, 0, [u32(2), u32(0), u64(node), u64(1), u64(node), u64(1)]);
    expect(kernel.session.references.nodeCount).toBe(1);
    kernel.tell(opcodes.FORGET, node, [u64(1)]);
    expect(kernel.session.references.nodeCount).toBe(0);
    kernel.tell(opcodes.FORGET, node, [u64(1)]);
    expect(kernel.log).toEqual(["the kernel gave back references it does not hold"]);
  });
});

describe("writers", () => {
  const alice = { uid: 1000, gid: 1000, processId: 10 };

  it("of several credentials: the later one bypasses the kernel's pages, so that a mapping has one owner", async () => {
    const first = await kernel.create("shared", O_RDWR, alice);
    const second = await kernel.ask(opcodes.OPEN, first.node, [u32(O_RDWR), u32(0)]);
    expect(second.body.readUInt32LE(8)).toBe(openReplyFlags.DIRECT_IO);
    const third = await kernel.ask(opcodes.OPEN, first.node, [u32(0), u32(0)]);
    expect(third.body.readUInt32LE(8)).toBe(openReplyFlags.KEEP_CACHE);
  });

  it("that append do so at the end as it really is; the kernel is told when it thought otherwise", async () => {
    const { node, handle } = await kernel.create("log", O_RDWR | O_APPEND);
    await kernel.write(handle, node, 0, Buffer.from("one,"));
    expect(kernel.notices).toEqual([]);
    await kernel.write(handle, node, 0, Buffer.from("two,"));
    expect(kernel.notices).toEqual([`content ${node} 0 undefined`]);
    expect((await kernel.read(handle, node, 0, 100)).body.toString()).toBe("one,two,");
  });

  it("of a mapping of an appended file write where they are told, in full", async () => {
    const { node, handle } = await kernel.create("mapped", O_RDWR | O_APPEND);
    await kernel.write(handle, node, 0, Buffer.alloc(8192, 0x61));
    const delayed = await kernel.write(handle, node, 0, Buffer.alloc(4096, 0x62), writeFlags.CACHE);
    expect([delayed.error, delayed.body.readUInt32LE(0)]).toEqual([0, 4096]);
    const { body } = await kernel.read(handle, node, 0, 10_000);
    expect([body.length, body[0], body[4096]]).toEqual([8192, 0x62, 0x61]);
  });
});
