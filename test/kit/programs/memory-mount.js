/**
 * Mounts a memory server's volume and obeys lines on standard input, one JSON object each, answering each with one line:
 * a second client of the same server changes things behind the mount, writes are held at the store, counters are told.
 * Started with a directory and the volume's options as JSON.
 */
import { createInterface } from "node:readline";
import { openVolume } from "../../../dist/files/index.js";
import { mountVolume } from "../../../dist/fuse/index.js";
import { superuser } from "../../../dist/port/index.js";
import { MemoryServer, memoryStore } from "../../../dist/stores/memory/index.js";

const [directory, options = "{}"] = process.argv.slice(2);
const server = new MemoryServer({ rootMode: 0o777 });
const other = memoryStore(server);
const call = { credential: superuser, signal: new AbortController().signal };

/** Writes wait at the store while the gate is shut. */
const gate = { opened: Promise.resolve(), open: () => {}, held: 0 };

function gated(store) {
  const write = async (...parameters) => {
    gate.held += 1;
    await gate.opened;
    gate.held -= 1;
    return store.write(...parameters);
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "write") return write;
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const volume = await openVolume(gated(memoryStore(server)), JSON.parse(options));
const mount = await mountVolume(volume, directory);

const deeds = {
  async write({ name, content }) {
    const root = await other.root(call);
    const found = await other.lookup(root.node, name, call).catch(() => undefined);
    const { node } = found ?? (await other.createFile(root.node, name, 0o644, call));
    await other.setAttributes(node, { size: 0 }, call);
    await other.write(node, 0, [Buffer.from(content)], undefined, call);
    return {};
  },
  async rename({ from, to }) {
    const root = await other.root(call);
    await other.rename(root.node, from, root.node, to, "replace", call);
    return {};
  },
  counters: async () => mount.counters,
  gate: async () => ({ held: gate.held }),
  async shut() {
    gate.opened = new Promise((resolve) => {
      gate.open = resolve;
    });
    return {};
  },
  async letGo() {
    gate.open();
    return {};
  },
  async unmount({ force }) {
    await mount.unmount({ force });
    return { openFiles: volume.snapshot().openFiles.length };
  },
};

for await (const line of mounted(createInterface({ input: process.stdin }))) {
  const order = JSON.parse(line);
  const answer = await deeds[order.deed](order).catch((error) => ({ failed: error.code ?? String(error) }));
  console.log(JSON.stringify(answer));
}

/** The lines that come until the mount is gone. */
async function* mounted(lines) {
  console.log(JSON.stringify({ ready: true }));
  const gone = mount.ended.then(
    () => undefined,
    (failure) => failure.code,
  );
  void gone.then(() => lines.close());
  yield* lines;
  const failed = await gone;
  const { openFiles, cache } = volume.snapshot();
  console.log(JSON.stringify({ gone: true, failed, openFiles: openFiles.length, dirtyBytes: cache.dirtyBytes }));
  await volume.close();
}
