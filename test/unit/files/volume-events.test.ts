import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";

it("a listener that throws harms neither the write-back, nor other listeners, and is counted", async () => {
  await using world = await gatedVolume();
  const { volume, gates } = world;
  gates.close("write");
  const heard: string[] = [];
  volume.events.on("writebackFailed", () => {
    throw new Error("the listener's own trouble");
  });
  volume.events.on("writebackFailed", ({ failure }) => heard.push(failure.code));
  const file = await volume.open("/file", "w");
  await file.write("words");
  const synced = file.sync();
  (await gates.arrived("write", 1)).refuse(new Failure("ENOSPC", { syscall: "write" }));
  await expect(synced).rejects.toMatchObject({ code: "ENOSPC" });
  expect(heard).toEqual(["ENOSPC"]);
  expect(volume.snapshot().eventListenerFailures).toBe(1);
  gates.open("write");
  await file.sync();
  await file.close();
  await volume.close();
});
