/**
 * A refusal ends a grant, also where the store's yes to an earlier question of that credential is heard after it [S5.5].
 */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { openFlags } from "../../../src/files/index.ts";
import { Grants } from "../../../src/files/nodes/grants.ts";
import { posixCredential } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";
import { alice, bob } from "../../kit/memory-volume.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

it.each(["getAttributes", "setAttributes"] as const)(
  "[S5.5] [G14] shows nothing cached when the store answers %s, refuses a read, and the refusal is heard first",
  async (question) => {
    const clock = new VirtualClock();
    await using place = await gatedVolume({ clock, volume: { readaheadBytesMax: 0 } });
    const { volume, gates } = place;
    await volume.promisesFor(alice).writeFile("/file", new Uint8Array(8192));
    const file = await volume.lookup(volume.root, "file", callAs(alice));
    const handle = await volume.openNode(file, openFlags.O_RDONLY, callAs(alice));
    await handle.invalidate(0, 8192);
    const target = new Uint8Array(6);
    expect(await handle.readAt(0, target)).toBe(6);
    expect(handle.tryRead(0, target)).toBe(6);

    const soFar = gates.of(question).length;
    await clock.advance(volume.attributeTimeoutMs);
    gates.close("read", question);
    const answered =
      question === "getAttributes"
        ? volume.getAttributes(file, callAs(alice))
        : volume.setAttributes(file, { modifyTimeNs: 1n }, callAs(alice));
    const answer = (await gates.arrived(question, soFar + 1)).passHoldingAnswer();
    gates.open(question);

    const reads = gates.of("read").length;
    const refused = handle.readAt(4096, target);
    (await gates.arrived("read", reads + 1)).refuse(new Failure("EKEYEXPIRED", { syscall: "read" }));
    await expect(refused).rejects.toMatchObject({ code: "EKEYEXPIRED" });
    expect(handle.tryRead(0, target)).toBe(-1);

    answer();
    await answered;
    expect(handle.tryRead(0, target)).toBe(-1);
    expect(volume.tryGetAttributes(file, alice)).toBeUndefined();

    gates.open("read");
    expect(await handle.readAt(0, target)).toBe(6);
    expect(handle.tryRead(0, target)).toBe(6);
    await handle.release();
  },
);

it("[S5.5] [G14] gives nothing for questions asked before the refusal, to whom it was said, and to nobody else", () => {
  const grants = new Grants();
  grants.end(alice, 5);
  grants.giveAttributes(alice, 1000, 4);
  grants.giveSearch(alice, 1000, 4);
  grants.giveAttributes(bob, 1000, 4);
  expect(grants.hasAttributes(alice, 0)).toBe(false);
  expect(grants.hasSearch(alice, 0)).toBe(false);
  expect(grants.hasAttributes(bob, 0)).toBe(true);
  grants.giveAttributes(alice, 1000, 5);
  grants.giveSearch(alice, 1000, 5);
  expect(grants.hasAttributes(alice, 0)).toBe(true);
  expect(grants.hasSearch(alice, 0)).toBe(true);
});

it("[S5.5] [G14] keeps to a refusal whose credential was forgotten for so many others", () => {
  const grants = new Grants();
  grants.end(alice, 5);
  for (let user = 0; user < 64; user++) grants.giveAttributes(posixCredential(2000 + user, 2000), 1000, 5);
  grants.giveAttributes(alice, 1000, 4);
  expect(grants.hasAttributes(alice, 0)).toBe(false);
  grants.giveAttributes(alice, 1000, 5);
  expect(grants.hasAttributes(alice, 0)).toBe(true);
});
