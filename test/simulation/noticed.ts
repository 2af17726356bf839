/**
 * Questions of programs, and what their answers must show: to whom (S5.5, `admissions.ts`), and how soon what others change
 * (G17). An answer of the store is believed for the attribute time-out, and comes at most the store's deadline after the state
 * that it tells of: whoever asks now sees every change that is older than both.
 */
import type { ErrorCode, Milliseconds } from "../../src/base/index.ts";
import type { Credential } from "../../src/port/index.ts";
import type { Tick } from "../model/change.ts";
import type { Asked } from "../model/lawful.ts";
import type { ModelFile } from "../model/model-file.ts";
import { prefixed } from "./open-slot.ts";
import type { World } from "./world.ts";

/** For what lies between a question of a program and one of the volume to its store: a hook that renews a key, a rescue. */
const slackMs = 5_000;

export interface Question extends Pick<Asked, "from" | "noticed"> {
  readonly file: ModelFile;
  readonly credential: Credential;
  readonly askedMs: Milliseconds;
  /** Of the latest refusal that was told of by then; 0 when there was none. */
  readonly refusedAt: Tick;
}

/** A program asks what the file is, or has, now. */
export function asking(world: World, file: ModelFile, credential: Credential): Question {
  const refusedAt = world.admissions.refusedAt(file, credential);
  const noticed = noticedBy(world, file);
  return { file, credential, askedMs: world.admissions.nowMs(), refusedAt, noticed, from: world.now() };
}

/** It is answered, to somebody who may know. What came to keep others' changes from being seen meanwhile counts as well. */
export function answered(world: World, question: Question): Asked {
  const { file, credential, noticed, from } = question;
  world.require(prefixed(world.nameOf(file), world.admissions.complaintOfShowing(file, credential, question)));
  return { from, to: world.now(), noticed: Math.min(noticed, noticedBy(world, file)) };
}

/** It ends with a failure that is excused, in a word. */
export function unanswered(world: World, { file, credential }: Question, thrown: unknown, what: string): ErrorCode {
  const code = world.excused(thrown, what);
  world.admissions.told(file, credential, code);
  return code;
}

/**
 * The latest change by others that must show; 0 when there is none, and where other promises come first: over unsent and
 * unrescued bytes, over refused ones that the policy leaves to be seen, for a file without a name, and while its medium is out
 * or hardly back. While an own change is under way the store's answers may be of before or after it, and tell nothing (G17): also
 * a late one that waits for a key, or for the node of its medium to be found, and has not reached the server.
 */
function noticedBy({ scenario, nodes, clock, media, faulty }: World, file: ModelFile): Tick {
  const space = nodes.get(file)?.space;
  if (space === undefined || file.removed !== undefined || space.dirtyBytes + space.unrescuedBytes > 0) return 0;
  if (space.writebackLock.isHeld || space.lateChanges !== null) return 0;
  if (file.refused.some(({ lingers }) => lingers)) return 0;
  const beforeMs = clock.nowMs() - scenario.attributeTimeoutMs - scenario.storeTimeoutMs - slackMs;
  if (media !== undefined && (media.ownSinceMs ?? beforeMs) >= beforeMs) return 0;
  if ((faulty.changedAtMs(file.node) ?? Number.NEGATIVE_INFINITY) >= beforeMs) return 0;
  return file.server.findLast(({ local, atMs }) => local === undefined && atMs < beforeMs)?.tick ?? 0;
}
