/** A read grant is one credential's: another's fresh one does not make it last. */
import { expect, it } from "vitest";
import { callAs } from "../../kit/cached-file.ts";
import { alice, bob, memoryVolume } from "../../kit/memory-volume.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

it("[S5.5] [G14] a grant ends with its own time, though another credential has a fresh one", async () => {
  const clock = new VirtualClock();
  await using place = await memoryVolume({ clock });
  const { volume } = place;
  await volume.promisesFor(alice).writeFile("/file", "text");
  const file = await volume.lookup(volume.root, "file", callAs(alice));
  await clock.advance(volume.attributeTimeoutMs - 100);
  expect(volume.tryGetAttributes(file, alice)).toBeDefined();
  await volume.getAttributes(file, callAs(bob));
  await clock.advance(100);
  expect(volume.tryGetAttributes(file, alice)).toBeUndefined();
  expect(volume.tryGetAttributes(file, bob)).toBeDefined();
});
