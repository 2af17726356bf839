/**
 * Mistakes to break the code with: each names the id whose tests must see it, the file of those tests, and the place of the
 * source that is changed; two places where one guard stands behind another. A place must stand in its file exactly once.
 */
import { plantsOfRaces } from "./plants-of-races.js";
import { plantsOfRefusals } from "./plants-of-refusals.js";
import { plantsOfTheCache } from "./plants-of-the-cache.js";
import { plantsOfWriteBack } from "./plants-of-write-back.js";

export const plants = [...plantsOfTheCache, ...plantsOfWriteBack, ...plantsOfRefusals, ...plantsOfRaces];
