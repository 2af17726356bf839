/**
 * A bare /dev/fuse server in its best style: the ceiling that the mount is compared with. It knows one file, keeps
 * nothing, and answers every request in the turn that read it. Run it with a directory; it prints "ready" once mounted
 * and ends when unmounted. Variants are for comparing styles: --wait=poll|thread, --read=readv|read|fs, --spin=MICROSECONDS.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import koffi from "koffi";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    wait: { type: "string", default: "poll" },
    read: { type: "string", default: "readv" },
    spin: { type: "string", default: "50" },
  },
});
const directory = positionals[0];
const spinMs = Number(values.spin) / 1000;

const requestBytesMax = (1 << 20) + 4096;
const headerBytes = 80;
const libc = koffi.load("libc.so.6");
const read = libc.func("intptr_t read(int fd, void *buffer, size_t length)");
const readv = libc.func("readv", "intptr_t", ["int", "uintptr_t", "int"]);
const writev = libc.func("writev", "intptr_t", ["int", "uintptr_t", "int"]);

const device = fs.openSync("/dev/fuse", fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
const request = Buffer.allocUnsafeSlow(requestBytesMax);
const answer = Buffer.alloc(4096);
const content = Buffer.allocUnsafeSlow(1 << 20).fill(7);

const requestAddress = koffi.address(request);
/** What the kernel reads by address must neither move (small typed arrays do, unless given a buffer) nor be collected. */
const pinned = [request, answer, content];
process.on("exit", () => pinned.splice(0));
function vectorOf(...words) {
  const vector = new BigUint64Array(new ArrayBuffer(words.length * 8));
  vector.set(words);
  pinned.push(vector);
  return vector;
}
const requestVector = vectorOf(
  requestAddress,
  BigInt(headerBytes),
  requestAddress + BigInt(headerBytes),
  BigInt(requestBytesMax - headerBytes),
);
const answerVector = vectorOf(koffi.address(answer), 16n, koffi.address(content), 0n);
const requestVectorAt = Number(koffi.address(requestVector));
const answerVectorAt = Number(koffi.address(answerVector));

const errno = { again: 11, interrupted: 4, gone: 2, notSupported: 38, unmounted: 19 };
const readers = {
  fs: () => {
    try {
      return fs.readSync(device, request, 0, requestBytesMax, null);
    } catch (error) {
      koffi.errno(-error.errno);
      return -1;
    }
  },
  read: () => read(device, request, requestBytesMax),
  readv: () => readv(device, requestVectorAt, 2),
};
const readRequest = readers[values.read];
let ended = false;

function reply(length, error = 0, contentBytes = 0) {
  answer.writeUInt32LE(16 + length + contentBytes, 0);
  answer.writeInt32LE(-error, 4);
  request.copy(answer, 8, 8, 16);
  answerVector[1] = BigInt(16 + length);
  answerVector[3] = BigInt(contentBytes);
  writev(device, answerVectorAt, contentBytes === 0 ? 1 : 2);
}

function writeAttributes(at, node) {
  answer.fill(0, at, at + 88);
  answer.writeUInt32LE(node, at);
  answer.writeUInt32LE(node === 1 ? 0 : 2 ** 31, at + 8);
  answer.writeUInt32LE(node === 1 ? 0o40755 : 0o100644, at + 60);
  answer.writeUInt32LE(1, at + 64);
  answer.writeUInt32LE(4096, at + 80);
}

const handlers = {
  1: () => {
    answer.fill(0, 16, 56);
    answer.writeUInt32LE(2, 16);
    writeAttributes(56, 2);
    reply(128);
  },
  3: () => {
    answer.fill(0, 16, 32);
    writeAttributes(32, request.readUInt32LE(16));
    reply(104);
  },
  14: () => {
    answer.fill(0, 16, 32);
    reply(16);
  },
  15: () => reply(0, 0, request.readUInt32LE(56)),
  16: () => {
    answer.writeUInt32LE(request.readUInt32LE(56), 16);
    answer.writeUInt32LE(0, 20);
    reply(8);
  },
  26: () => {
    answer.fill(0, 16, 80);
    answer.writeUInt32LE(7, 16);
    answer.writeUInt32LE(31, 20);
    answer.writeUInt32LE(1 << 20, 24); // max_readahead
    answer.writeUInt32LE(1 | (1 << 3) | (1 << 5) | (1 << 15) | (1 << 18) | (1 << 22) | (1 << 25), 28);
    answer.writeUInt16LE(64, 32);
    answer.writeUInt16LE(48, 34);
    answer.writeUInt32LE(1 << 20, 36); // max_write
    answer.writeUInt32LE(1, 40);
    answer.writeUInt16LE(256, 44); // max_pages
    reply(64);
  },
};
const unanswered = new Set([2, 36, 42]);
const empty = new Set([4, 18, 20, 25, 38]);

function drain() {
  const quietMs = { until: performance.now() + spinMs };
  for (;;) {
    const length = readRequest();
    if (length < 0) {
      const why = koffi.errno();
      if (why === errno.again) {
        if (performance.now() >= quietMs.until) return;
        continue;
      }
      if (why === errno.interrupted || why === errno.gone) continue;
      ended = true;
      return;
    }
    const opcode = request.readUInt32LE(4);
    const handler = handlers[opcode];
    if (handler !== undefined) handler();
    else if (!unanswered.has(opcode)) reply(0, empty.has(opcode) ? 0 : errno.notSupported);
    quietMs.until = performance.now() + spinMs;
  }
}

/** Sits in poll(2) whenever it is told to, and tells the engine thread when a request is there. */
const watcherSource = `
  const { parentPort, workerData } = require("node:worker_threads");
  const koffi = require("koffi");
  const poll = koffi.load("libc.so.6").func("int poll(void *fds, unsigned long count, int timeout)");
  const armed = new Int32Array(workerData.armed);
  const fds = Buffer.alloc(8);
  fds.writeInt32LE(workerData.device, 0);
  fds.writeInt16LE(1, 4);
  for (;;) {
    Atomics.wait(armed, 0, 0);
    if (armed[0] === 2) break;
    Atomics.store(armed, 0, 0);
    poll(fds, 1, -1);
    parentPort.postMessage(0);
  }`;

function watchWithThread(done) {
  const armed = new Int32Array(new SharedArrayBuffer(4));
  const watcher = new Worker(watcherSource, { eval: true, workerData: { armed: armed.buffer, device } });
  const arm = (value) => {
    Atomics.store(armed, 0, value);
    Atomics.notify(armed, 0);
  };
  watcher.on("message", () => {
    drain();
    arm(ended ? 2 : 1);
    if (ended) done();
  });
  arm(1);
}

function watchWithPoll(done) {
  const handle = koffi.node.poll(device, { readable: true }, () => {
    drain();
    if (!ended) return;
    handle.close();
    done();
  });
}

const options = `fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,max_read=${1 << 20}`;
execFileSync("mount", ["-i", "-t", "fuse", "-o", options, "bare", directory], {
  stdio: ["ignore", "inherit", "inherit", device],
});
(values.wait === "poll" ? watchWithPoll : watchWithThread)(() => {
  const { user, system } = process.cpuUsage();
  console.log(`ended after ${Math.round((user + system) / 1000)} ms of processor time`);
  fs.closeSync(device);
});
console.log("ready");
