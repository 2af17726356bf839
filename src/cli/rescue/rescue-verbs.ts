/** The verbs about bytes that a store refused. */
import type { Verb } from "../verb.ts";
import { diffVerb } from "./diff-verb.ts";
import { discardVerb } from "./discard-verb.ts";
import { listVerb } from "./list-verb.ts";
import { restoreVerb } from "./restore-verb.ts";
import { showVerb } from "./show-verb.ts";

export const rescueVerbs: readonly Verb[] = [listVerb, showVerb, diffVerb, restoreVerb, discardVerb];
