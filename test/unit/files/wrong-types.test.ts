/** What is no path and no content, as a program without types may give, is refused before anything is opened, cut or written. */
import { expect, it } from "vitest";
import { memoryVolume } from "../../kit/memory-volume.ts";

const refused = { name: "Failure", code: "EINVAL" };

it.each([undefined, null, 5, {}])("%s is no path and no content", async (odd) => {
  await using place = await memoryVolume();
  const { promises } = place.volume;
  const wrong = odd as unknown as string;
  await promises.writeFile("/file", "content");
  const file = await place.volume.open("/file", "r+");
  for (const call of [
    () => promises.readFile(wrong),
    () => promises.writeFile(wrong, "content"),
    () => promises.open(wrong),
    () => promises.stat(wrong),
    () => promises.rename("/file", wrong),
    () => place.volume.open(wrong, "w"),
    () => promises.writeFile("/file", wrong),
    () => promises.appendFile("/file", wrong),
    () => promises.writeFile("/file", [wrong]),
    () => file.writeFile(wrong),
    () => file.write(wrong),
    () => file.writev([wrong as unknown as Uint8Array]),
  ]) {
    await expect(call(), String(call)).rejects.toMatchObject(refused);
  }
  await file.close();
  expect(await promises.readdir("/")).toEqual(["file"]);
});

it("content that cannot be written, or is in no known encoding, leaves the file as it was", async () => {
  await using place = await memoryVolume();
  const { promises } = place.volume;
  await promises.writeFile("/file", "content");
  await expect(promises.writeFile("/file", undefined as unknown as string)).rejects.toMatchObject(refused);
  await expect(promises.writeFile("/file", "more", "klingon")).rejects.toMatchObject(refused);
  expect(await promises.readFile("/file", "utf8")).toBe("content");
});
