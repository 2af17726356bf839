/** Positions and lengths that are no whole numbers are refused; nothing is read, written, cut or waited for because of them. */
import { expect, it } from "vitest";
import { memoryVolume } from "../../kit/memory-volume.ts";

it.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY])("%s is no position and no length", async (odd) => {
  await using place = await memoryVolume();
  const { promises } = place.volume;
  const file = await place.volume.open("/file", "w+");
  await file.write("content");
  const bytes = new Uint8Array(4);
  for (const call of [
    () => file.read(bytes, 0, 4, odd),
    () => file.read(bytes, 0, odd, 0),
    () => file.readv([bytes], odd),
    () => file.write(bytes, 0, 4, odd),
    () => file.write("text", odd),
    () => file.writev([bytes], odd),
    () => file.truncate(odd),
    () => promises.truncate("/file", odd),
    () => file.chunks({ start: odd }).next(),
  ]) {
    await expect(call(), String(call)).rejects.toMatchObject({ code: "EINVAL" });
  }
  expect([file.tryRead(odd, bytes), file.tryWrite(odd, bytes)]).toEqual([-1, -1]);
  await expect(file.chunks({ highWaterMark: 0 }).next()).rejects.toMatchObject({ code: "EINVAL" });
  await expect(file.chunks({ end: Number.NaN }).next()).rejects.toMatchObject({ code: "EINVAL" });
  expect((await file.stat()).size).toBe(7);
  await file.close();
  expect(await promises.readFile("/file", "utf8")).toBe("content");
});
