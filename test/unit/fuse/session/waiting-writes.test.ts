/** What requests that wait may keep: so many bytes of writes, and no more, whatever the store does. */
import { expect, it } from "vitest";
import { opcodes } from "../../../../src/fuse/wire/opcode.ts";
import { gate, hookedStore } from "../../../kit/hooked-store.ts";
import { KernelSide, u64 } from "../../../kit/kernel-side.ts";
import { memoryVolume } from "../../../kit/memory-volume.ts";
import { until } from "../../../kit/until.ts";

const mebibyte = 1 << 20;
const heldMebibytesMax = 64;
const outOfMemory = 12;
const interrupted = 4;

it("[S5.9] writes that wait keep 64 MiB at most: the next is refused until one of them has ended", async () => {
  const { opened, open } = gate();
  await using place = await memoryVolume({
    wrap: (store) => hookedStore(store, { write: (run) => opened.then(run) }),
  });
  const kernel = new KernelSide(place.volume);
  // Whatever fails below, closing the volume waits neither for the store nor for the writers.
  await using _waiting = {
    [Symbol.asyncDispose]: async () => {
      const ending = kernel.session.end();
      open();
      await ending;
    },
  };
  const { node, handle } = await kernel.create("file", 2);
  const bytes = new Uint8Array(mebibyte).fill(1);
  const write = (at: number) => kernel.write(handle, node, at * mebibyte, bytes);
  const first = kernel.nextUnique;
  const answers = Array.from({ length: heldMebibytesMax }, (_, at) => write(at));
  await until("all of them wait", () => kernel.session.pending.count === heldMebibytesMax);
  expect(kernel.session.pending.isFull).toBe(true);
  expect(place.volume.snapshot().cache.frameBytes).toBeLessThanOrEqual(256 * 4096);
  expect((await write(heldMebibytesMax)).error).toBe(outOfMemory);

  kernel.tell(opcodes.INTERRUPT, 0, [u64(first + 2 * (heldMebibytesMax - 1))]);
  expect((await answers.at(-1))?.error).toBe(interrupted);
  expect(kernel.session.pending.isFull).toBe(false);
  const taken = write(heldMebibytesMax);
  await until("it waits, too", () => kernel.session.pending.count === heldMebibytesMax);
  const ending = kernel.session.end();
  open();
  await Promise.all([...answers, taken, ending]);
  expect(kernel.stray).toEqual([]);
});
