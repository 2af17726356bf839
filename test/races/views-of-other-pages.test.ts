/**
 * A page that a reader waited for is dropped, and another reader brings its bytes in again, before the first has made his views:
 * they are of a page that nobody holds. Found by the simulation as seed 1183.
 */
import { describe, expect } from "vitest";
import { bytesOf, framesOf } from "../kit/gated-file.ts";
import { point } from "../kit/schedule/point.ts";
import { bob, pageSize, type RaceWorld, raceWorld, testRace } from "./kit/race.ts";

describe("[S1.1] views of a page ‖ it is dropped, brought in again, and dropped again", () => {
  testRace({
    world: () => raceWorld(Uint8Array.from([...bytesOf(pageSize, 1), ...bytesOf(pageSize, 2)])),
    actors: {
      viewer: async ({ space }) => {
        const run = await framesOf(space, 0, pageSize);
        await point(undefined, "the views are there");
        expect(run.views[0]?.every((byte) => byte === 1)).toBe(true);
        run.release();
      },
      others: async (world) => {
        await readAgain(world, 0);
        await point(undefined, "it is there again");
        await readAgain(world, pageSize);
      },
    },
    forced: [
      { actor: "viewer", untilReady: "readFramesWaiting: bringIn" },
      { actor: "others", until: "it is there again" },
      { actor: "viewer", until: "the views are there" },
      { actor: "others" },
      { actor: "viewer" },
    ],
    check: async () => undefined,
  });
});

/** Everything is dropped; what is read then may get a frame that was in use before. */
async function readAgain({ space }: RaceWorld, position: number): Promise<void> {
  await space.invalidate(0, Number.POSITIVE_INFINITY, bob);
  await space.read(position, new Uint8Array(pageSize), space.newReadahead(), bob);
}
