/** Sending everything dirty and hearing how it went: for `sync` and before a volume closes. */
import { type CancelSignal, CancelSource, Failure, failureFrom, type Milliseconds } from "../base/index.ts";
import { type ErrorCursor, ToldFailure } from "../cache/index.ts";
import { type Call, type Credential, superuser } from "../port/index.ts";
import type { VolumeNode } from "./nodes/volume-node.ts";
import { unheardFailure } from "./refusals/failed-writeback.ts";
import { callOf, inBackground, type VolumeCore } from "./volume-core.ts";

const namesMax = 5;
const rescuesAtOnceMax = 4;
/** How long closing goes on after its deadline, to rescue what was not delivered. */
const rescueMsMax: Milliseconds = 10_000;

/** How far a sync of everything came. */
interface Delivery {
  /** Whether the deadline came first. */
  readonly isLate: boolean;
  /** What stopped it, where no file tells of that. */
  readonly stopped: Failure | undefined;
}

/** Writes everything back, durably. Throws the first failure that nobody has heard of, naming the files. */
export async function drain(core: VolumeCore, call: Call): Promise<void> {
  const ears = listen(core);
  const { stopped } = await deliver(core, call);
  const unheard = firstUnheard(ears, stopped, "sync");
  if (unheard !== undefined) throw unheard;
  for (const node of core.spaces) core.settle(node);
}

/**
 * The same before a volume closes, and until the deadline at most; what could not be delivered then is rescued, which takes
 * `rescueMsMax` more at most (S5.11). Throws when anything was refused or left, whatever became of it: ETIMEDOUT, whatever
 * else failed, when the deadline passed, naming the files whose bytes are not known to be durable.
 */
export async function drainToClose(core: VolumeCore, credential: Credential, deadlineMs?: Milliseconds): Promise<void> {
  const ears = listen(core);
  const { isLate, stopped } = await deliver(core, callOf(credential), deadlineMs);
  const left = [...core.spaces].filter((node) => !node.removed);
  const uncertain = left.filter((node) => !isKnownDurable(node));
  const unsent = left.filter((node) => node.isDirty);
  core.cache.close();
  if (unsent.length > 0) await rescueUnsent(core, unsent);
  const unheard = firstUnheard(ears, stopped, "close");
  if (isLate) throw lateFailure(unsent, uncertain, unheard);
  if (unheard !== undefined) throw unheard;
  requireDelivered(core);
}

function listen(core: VolumeCore): Map<VolumeNode, ErrorCursor> {
  const ears = new Map<VolumeNode, ErrorCursor>();
  for (const node of core.spaces) if (node.space !== undefined) ears.set(node, node.space.errors.sample());
  return ears;
}

async function deliver(core: VolumeCore, call: Call, deadlineMs?: Milliseconds): Promise<Delivery> {
  const cut = new CancelSource();
  const signal = deadlineMs === undefined ? call.signal : cut;
  try {
    const work = core.cache.sync({ durable: true, credential: call.credential }, signal);
    const isLate = !(await endsWithin(core, deadlineMs, work));
    if (isLate) inBackground(work);
    return { isLate, stopped: undefined };
  } catch (thrown) {
    return { isLate: false, stopped: failureFrom(thrown, { syscall: "sync" }) };
  } finally {
    cut.abort();
  }
}

/** Hands to rescue what is nowhere else. The store has had its time: what is in flight counts as not taken. */
async function rescueUnsent(core: VolumeCore, unsent: readonly VolumeNode[]): Promise<void> {
  if (core.cache.options.rescue === null) return;
  const deadline = new CancelSource();
  const queue = unsent.values();
  const worker = async (): Promise<void> => {
    for (const node of queue) if (!deadline.aborted) await rescueFile(core, node, deadline);
  };
  core.store.giveUpAll();
  const work = Promise.all(Array.from({ length: rescuesAtOnceMax }, worker)).then(() => undefined);
  inBackground(work);
  await endsWithin(core, rescueMsMax, work);
  deadline.abort();
}

/** A store that said no still answers: what the file is now goes into the entry, so that a restore knows others' changes. */
async function rescueFile(core: VolumeCore, { id, space }: VolumeNode, deadline: CancelSignal): Promise<void> {
  if (space === undefined) return;
  if (space.dirtyBytes > 0) {
    const failure = undelivered(space.standingFailure);
    const asking = failure.code === "ETIMEDOUT" ? undefined : core.store.getAttributes(id, callOf(superuser, deadline));
    await space.giveUp(failure, deadline, await asking?.catch(() => undefined));
  }
  // A rescue that is late for its own deadline may still end within this one.
  while (space.unrescuedBytes > 0 && !deadline.aborted) {
    await space.retryRescue(deadline);
    if (!space.isBeingRescued) break;
  }
}

/** Why bytes were not delivered: what the store last said to them, in its words, or that it said nothing. */
function undelivered(said: Failure | undefined): Failure {
  const detail = "not delivered before the volume was closed";
  if (said === undefined) return new Failure("ETIMEDOUT", { syscall: "write", detail });
  return new Failure(said.code, { syscall: "write", detail: `${detail}: ${said.message}`, cause: said });
}

/** Throws EIO for bytes that are still here after a drain, naming their files: somebody wrote them meanwhile. */
function requireDelivered(core: VolumeCore): void {
  const left = [...core.spaces].filter((node) => node.isDirty && !node.removed);
  if (left.length === 0) return;
  throw new Failure("EIO", { syscall: "close", path: left[0]?.path ?? "", detail: `not delivered: ${namesOf(left)}` });
}

/** What is said when the deadline passed: bytes that were taken but not made durable are as uncertain as bytes not sent. */
function lateFailure(
  unsent: readonly VolumeNode[],
  uncertain: readonly VolumeNode[],
  cause: Failure | undefined,
): Failure {
  const told: readonly [string, readonly VolumeNode[]][] = [
    ["not delivered", unsent],
    ["kept in rescue", unsent.filter((node) => !node.isDirty)],
    ["not known to be durable", uncertain.filter((node) => !unsent.includes(node))],
  ];
  const details = told.filter(([, nodes]) => nodes.length > 0).map(([what, nodes]) => `${what}: ${namesOf(nodes)}`);
  return new Failure("ETIMEDOUT", {
    syscall: "close",
    detail: details.length === 0 ? "the store did not answer in time" : details.join("; "),
    ...(uncertain[0] === undefined ? {} : { path: uncertain[0].path }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function isKnownDurable({ space }: VolumeNode): boolean {
  return space === undefined || (space.dirtyBytes === 0 && !space.durability.isUncommitted);
}

/** The first failure that no handle has heard of, naming all files that have one; else `other`. */
function firstUnheard(
  ears: ReadonlyMap<VolumeNode, ErrorCursor>,
  other: Failure | undefined,
  syscall: string,
): Failure | undefined {
  const unheard = new Map<VolumeNode, Failure>();
  for (const [node, cursor] of ears) {
    if (node.removed) continue;
    const failure = node.space?.errors.check(cursor);
    if (failure !== undefined && !tookAll(node, failure)) unheard.set(node, failure);
  }
  for (const [node, failure] of unheard) {
    return unheardFailure(syscall, node.path, failure, `not delivered: ${namesOf([...unheard.keys()])}`);
  }
  return other && new Failure(other.code, { syscall, detail: other.message, cause: other });
}

/** A file that another client removed after the store had taken every byte of it: nothing is left to deliver. */
function tookAll(node: VolumeNode, failure: Failure): boolean {
  if (node.isDirty || (failure instanceof ToldFailure && failure.told.operation === "write")) return false;
  return failure.code === "ENOENT" || failure.code === "ESTALE";
}

function namesOf(nodes: readonly VolumeNode[]): string {
  const names = nodes.slice(0, namesMax).map((node) => node.path);
  return nodes.length > namesMax ? `${names.join(", ")} and ${nodes.length - namesMax} more` : names.join(", ");
}

/** Whether the work was done before the time was over. It goes on by itself if not. */
function endsWithin(core: VolumeCore, timeMs: Milliseconds | undefined, work: Promise<void>): Promise<boolean> {
  if (timeMs === undefined) return work.then(() => true);
  return new Promise((resolve, reject) => {
    const cancel = core.clock.after(timeMs, () => resolve(false));
    work.then(
      () => {
        cancel();
        resolve(true);
      },
      (thrown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}
