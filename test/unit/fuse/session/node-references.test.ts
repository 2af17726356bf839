/** References that the kernel holds are of the node that its answers named, also where the volume met that one anew. */
import { expect, it } from "vitest";
import { NodeReferences } from "../../../../src/fuse/session/node-references.ts";
import { superuser } from "../../../../src/port/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { memoryVolume } from "../../../kit/memory-volume.ts";

it("a node that was forgotten between its look-up and its answer is named as it is known now", async () => {
  await using place = await memoryVolume({ volume: { idleNodesMax: 0 } });
  const { volume } = place;
  await volume.promises.writeFile("/file", "content");
  const look = () => volume.lookup(volume.root, "file", callAs(superuser));
  const [one, other] = await Promise.all([look(), look()]);
  expect(one).not.toBe(other);
  const references = new NodeReferences(volume);
  const named = references.add(one);
  expect(references.add(other)).toBe(named);
  expect(volume.node(named.number)).toBe(named);
  expect(references.remove(named.number, 2)).toBe(true);
  expect([references.nodeCount, volume.node(named.number)]).toEqual([0, undefined]);
});
