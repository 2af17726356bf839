/** Reading and writing bytes, far out too. */
import { cancelController } from "../base/index.ts";
import { type ContractStep, contractCase } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";
import { bytesOf, callOf, readText } from "./stage.ts";

export const contentCases: readonly ContractStep[] = [
  contractCase("what was written is read, in frames of any cut", [], async (stage) => {
    const node = await stage.file("f");
    const text = "The quick brown fox jumps over the lazy dog";
    const bytes = bytesOf(text);
    const cuts = [bytes.subarray(0, 1), bytes.subarray(1, 1), bytes.subarray(1, 20), bytes.subarray(20)];
    const { byteCount, attributes } = await stage.store.write(node, 0, cuts, undefined, stage.owner);
    expectEqual(byteCount, bytes.length, "bytes taken");
    expectEqual(attributes.size, bytes.length, "size");
    const frames = [new Uint8Array(5), new Uint8Array(0), new Uint8Array(30), new Uint8Array(30)];
    const answer = await stage.store.read(node, 0, frames, stage.owner);
    expectEqual(answer.byteCount, bytes.length, "bytes read");
    const joined = new Uint8Array(frames.flatMap((frame) => Array.from(frame)));
    expectEqual(joined.subarray(0, bytes.length), bytes, "content");
    expect(
      joined.subarray(bytes.length).every((byte) => byte === 0),
      "frames beyond the end stay as they were",
    );
  }),
  contractCase("a read ends at the end of the file", [], async (stage) => {
    const node = await stage.file("f", "12345");
    expectEqual(await stage.read(node, 3, 100), "45", "across the end");
    expectEqual(await stage.read(node, 5, 100), "", "at the end");
    expectEqual(await stage.read(node, 1_000_000, 100), "", "beyond the end");
    expectEqual(await stage.read(node, 2, 0), "", "of nothing");
  }),
  contractCase("a write inside the file changes nothing else; one beyond its end leaves zeros", [], async (stage) => {
    const node = await stage.file("f", "aaaaaaaa");
    await stage.write(node, 2, "BB");
    expectEqual(await stage.read(node), "aaBBaaaa", "after a write inside");
    const { size } = await stage.write(node, 10, "C");
    expectEqual(size, 11, "size");
    expectEqual(await stage.read(node), "aaBBaaaa\0\0C", "after a write beyond the end");
  }),
  contractCase("offsets beyond 4 GiB and beyond 2^40 are exact", [], async (stage) => {
    const node = await stage.file("f");
    const places = [2 ** 31, 2 ** 32 - 3, 2 ** 32, 2 ** 40 + 1, 2 ** 43 - 4096];
    for (const [at, offset] of places.entries()) await stage.write(node, offset, `<${at}>`);
    for (const [at, offset] of places.entries()) {
      expectEqual(await stage.read(node, offset, 3), `<${at}>`, `content at ${offset}`);
    }
    const { size } = await stage.store.getAttributes(node, stage.owner);
    expectEqual(size, 2 ** 43 - 4096 + 3, "size");
    expectEqual(await stage.read(node, 2 ** 40 - 1, 2), "\0\0", "between them");
    const cut = await stage.store.setAttributes(node, { size: 2 ** 32 + 1 }, stage.owner);
    expectEqual(cut.size, 2 ** 32 + 1, "size after a cut");
    expectEqual(await stage.read(node, 2 ** 32 - 3, 100), "<1><", "content after a cut");
  }),
  contractCase("an offset past every file is refused, and nothing is written", [], async (stage) => {
    const node = await stage.file("f", "x");
    const refused = ["EFBIG", "EINVAL", "ENOSPC"] as const;
    const far = stage.store.write(node, Number.MAX_SAFE_INTEGER, [bytesOf("y")], undefined, stage.owner);
    await expectFailure(far, refused, "write");
    await expectFailure(stage.store.write(node, -1, [bytesOf("y")], undefined, stage.owner), "EINVAL", "write");
    expectEqual(await stage.read(node), "x", "content");
  }),
  contractCase("a megabyte in many frames arrives whole", [], async (stage) => {
    const node = await stage.file("f");
    const frames: Uint8Array[] = [];
    for (let at = 0; at < 2000; at++) frames.push(new Uint8Array(600).fill(at % 251));
    let taken = 0;
    for (let rest = frames; rest.length > 0; rest = frames.slice(taken / 600)) {
      const answer = await stage.store.write(node, taken, rest, undefined, stage.owner);
      expect(answer.byteCount > 0 && answer.byteCount % 600 === 0, "whole frames are taken");
      taken += answer.byteCount;
    }
    const back = frames.map(() => new Uint8Array(600));
    const { byteCount } = await stage.store.read(node, 0, back, stage.owner);
    expectEqual(byteCount, 1_200_000, "bytes read");
    expect(
      back.every((frame, at) => frame.every((byte) => byte === at % 251)),
      "every byte is where it was written",
    );
  }),
  contractCase("content of what is no file is refused", [], async (stage) => {
    const directory = await stage.directory("d");
    await expectFailure(stage.store.read(directory, 0, [new Uint8Array(1)], stage.owner), "EISDIR", "read");
    await expectFailure(stage.store.write(directory, 0, [bytesOf("x")], undefined, stage.owner), "EISDIR", "write");
  }),
  contractCase("an unknown node is ESTALE", [], async (stage) => {
    await expectFailure(stage.store.getAttributes("no such node", stage.owner), "ESTALE", "attributes");
    await expectFailure(stage.store.read("", 0, [new Uint8Array(1)], stage.owner), "ESTALE", "read");
    await expectFailure(stage.store.lookup("../..", "x", stage.owner), "ESTALE", "lookup");
  }),
  contractCase("an operation whose signal has fired ends with EINTR and does nothing", [], async (stage) => {
    const node = await stage.file("f", "x");
    const controller = cancelController();
    controller.abort();
    const call = callOf(stage.owner.credential, controller.signal);
    await expectFailure(readText(stage.store, node, 0, 1, call), ["EINTR", "ETIMEDOUT"], "read");
    const write = stage.store.write(node, 0, [bytesOf("y")], undefined, call);
    await expectFailure(write, ["EINTR", "ETIMEDOUT"], "write");
    await expectFailure(stage.store.createFile(stage.root, "g", 0o644, call), ["EINTR", "ETIMEDOUT"], "create");
    expectEqual(await stage.read(node), "x", "content");
    expectEqual(await stage.names(stage.root), ["f"], "names");
  }),
];
