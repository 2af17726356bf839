import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { GatedStore } from "../../kit/gated-store.ts";
import { memoryVolume } from "../../kit/memory-volume.ts";

it("a listener that throws harms neither the write-back, nor other listeners, and is counted", async () => {
  let gates: GatedStore | undefined;
  await using world = await memoryVolume({
    wrap: (store) => {
      gates = new GatedStore(store);
      return gates.store;
    },
  });
  gates?.close("write");
  const heard: string[] = [];
  world.volume.events.on("writebackFailed", () => {
    throw new Error("the listener's own trouble");
  });
  world.volume.events.on("writebackFailed", ({ failure }) => heard.push(failure.code));
  const file = await world.volume.open("/file", "w");
  await file.write("words");
  const synced = file.sync();
  (await gates?.arrived("write", 1))?.refuse(new Failure("ENOSPC", { syscall: "write" }));
  await expect(synced).rejects.toMatchObject({ code: "ENOSPC" });
  expect(heard).toEqual(["ENOSPC"]);
  expect(world.volume.snapshot().eventListenerFailures).toBe(1);
  gates?.open("write");
  await file.sync();
  await file.close();
  await world.volume.close();
});
