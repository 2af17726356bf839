/** `npm run demo`: what happens when the store says no, told as it happens, with a real directory as the server. */
import { conflictStory } from "./conflict.ts";
import { mediumStory } from "./medium.ts";
import { permissionStory } from "./permission.ts";
import { Narrator, openStage } from "./stage.ts";

// A reader that goes away, as in `npm run demo | head`, does not end the story half way: what was set up is taken down.
process.stdout.on("error", () => {});
const narrator = new Narrator((line) => console.log(line));
await using stage = await openStage();
await permissionStory(stage, narrator);
await conflictStory(stage, narrator);
await mediumStory(stage, narrator);
