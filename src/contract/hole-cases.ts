/** Holes: what punching frees, what seeking finds, and what reserving does. Without holes, punching still makes zeros. */
import { type ContractStep, contractCase, promised } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";
import { writing } from "./stage.ts";

const mebibyte = 1024 * 1024;

export const holeCases: readonly ContractStep[] = [
  contractCase("a punched range reads as zeros, the size stays", [], async (stage) => {
    const node = await stage.file("f", "0123456789");
    const after = await stage.store.punchHole(node, 3, 4, stage.owner);
    expectEqual(after.size, 10, "size");
    expectEqual(await stage.read(node), "012\0\0\0\x00789", "content");
    await stage.store.punchHole(node, 8, 1000, stage.owner);
    expectEqual(await stage.read(node), "012\0\0\0\x007\0\0", "content after a punch across the end");
    await expectFailure(stage.store.punchHole(node, 0, 0, stage.owner), "EINVAL", "a punch of nothing");
  }),
  contractCase("punching frees storage", [promised("holes")], async (stage) => {
    const node = await stage.file("f");
    const frame = new Uint8Array(mebibyte).fill(7);
    for (let at = 0; at < 4; at++) {
      await stage.store.write(node, at * mebibyte, [frame], undefined, stage.owner);
    }
    await stage.store.commit(node, stage.owner);
    const before = await stage.store.getAttributes(node, stage.owner);
    expect(before.blocks * 512 >= 4 * mebibyte, "four mebibytes are stored");
    const after = await stage.store.punchHole(node, mebibyte, 2 * mebibyte, stage.owner);
    expect(after.blocks * 512 <= 2 * mebibyte + 65536, `about two mebibytes are left, not ${after.blocks * 512}`);
  }),
  contractCase("a file that is mostly holes takes little storage", [promised("holes")], async (stage) => {
    const node = await stage.file("f");
    await stage.store.setAttributes(node, { size: 8 * 1024 * mebibyte }, stage.owner);
    const { blocks, size } = await stage.write(node, 5 * 1024 * mebibyte, "x");
    expectEqual(size, 8 * 1024 * mebibyte, "size");
    expect(blocks * 512 < mebibyte, `less than a mebibyte is stored, not ${blocks * 512}`);
    expectEqual(await stage.read(node, 8 * 1024 * mebibyte - 2, 10), "\0\0", "the last bytes");
  }),
  contractCase("seeking finds data and holes", [promised("holes")], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f");
    await store.setAttributes(node, { size: 16 * mebibyte }, owner);
    await store.write(node, 8 * mebibyte, [new Uint8Array(mebibyte).fill(1)], undefined, owner);
    const data = await store.seek(node, 0, "data", owner);
    expect(data !== undefined && data > 0 && data <= 8 * mebibyte, `data begins at or before the write, not ${data}`);
    expectEqual(await store.seek(node, 0, "hole", owner), 0, "the file begins with a hole");
    const hole = await store.seek(node, 8 * mebibyte, "hole", owner);
    expect(hole !== undefined && hole >= 9 * mebibyte && hole < 16 * mebibyte, `a hole follows the data, not ${hole}`);
    expectEqual(await store.seek(node, 8 * mebibyte + 5, "data", owner), 8 * mebibyte + 5, "inside the data");
    expectEqual(await store.seek(node, 16 * mebibyte, "data", owner), undefined, "data at the end");
    expectEqual(await store.seek(node, 16 * mebibyte, "hole", owner), undefined, "a hole at the end");
    expectEqual(await store.seek(node, 12 * mebibyte, "data", owner), undefined, "data in the last hole");
  }),
  contractCase("without promised holes the whole file is data", [promised("holes", false)], async (stage) => {
    const node = await stage.file("f", "0123456789");
    await stage.store.punchHole(node, 0, 5, stage.owner);
    expectEqual(await stage.store.seek(node, 2, "data", stage.owner), 2, "data");
    expectEqual(await stage.store.seek(node, 2, "hole", stage.owner), 10, "the end counts as a hole");
    expectEqual(await stage.store.seek(node, 10, "data", stage.owner), undefined, "data at the end");
  }),
  contractCase("the end of a file of data counts as a hole", [promised("holes")], async (stage) => {
    const node = await stage.file("f", "0123456789");
    expectEqual(await stage.store.seek(node, 4, "hole", stage.owner), 10, "hole");
    expectEqual(await stage.store.seek(node, 4, "data", stage.owner), 4, "data");
  }),
  contractCase("whoever has a file open for writing only is told where its data lies", [], async (stage) => {
    const { store, owner } = stage;
    const { node } = await store.createFile(stage.root, "f", 0, owner);
    await store.hold(node, writing, owner);
    await stage.write(node, 0, "abc");
    expectEqual(await store.seek(node, 0, "hole", owner), 3, "the end counts as a hole");
    await store.release(node, writing, owner);
  }),
  contractCase("reserving grows the file unless it is told to keep the size", [], async (stage) => {
    const node = await stage.file("f", "abc");
    const kept = await stage.store.allocate(node, 0, 65536, true, stage.owner);
    expectEqual(kept.size, 3, "size kept");
    const grown = await stage.store.allocate(node, 0, 65536, false, stage.owner);
    expectEqual(grown.size, 65536, "size grown");
    expectEqual(await stage.read(node, 0, 5), "abc\0\0", "content");
    await expectFailure(stage.store.allocate(node, 0, 0, false, stage.owner), "EINVAL", "of nothing");
  }),
];
