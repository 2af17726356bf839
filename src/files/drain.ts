/** Sending everything dirty and hearing how it went: for `sync` and before a volume closes. */
import { Failure, failureFrom, type Milliseconds } from "../base/index.ts";
import { type ErrorCursor, RefusalFailure } from "../cache/index.ts";
import type { Call } from "../port/index.ts";
import type { VolumeNode } from "./nodes/volume-node.ts";
import type { VolumeCore } from "./volume-core.ts";

const namesMax = 5;

/**
 * Writes everything back, durably. Throws the first failure that nobody has heard of, naming the files. With a deadline it
 * stops waiting then: ETIMEDOUT, whatever else failed, naming the files whose bytes are not known to be durable.
 */
export async function drain(core: VolumeCore, call: Call, deadlineMs?: Milliseconds): Promise<void> {
  const ears = new Map<VolumeNode, ErrorCursor>();
  for (const node of core.spaces) if (node.space !== undefined) ears.set(node, node.space.errors.sample());
  let timedOut = false;
  let stopped: Failure | undefined;
  try {
    const work = core.cache.sync({ durable: true, credential: call.credential }, call.signal);
    timedOut = await within(core, deadlineMs, work);
  } catch (thrown) {
    stopped = failureFrom(thrown, { syscall: "sync" });
  }
  const unheard = unheardFailure(ears, stopped);
  if (timedOut) throw lateFailure(core, unheard);
  if (unheard !== undefined) throw unheard;
  for (const node of core.spaces) core.settle(node);
}

/** Throws EIO for bytes that are still here after a drain, naming their files: somebody wrote them meanwhile. */
export function requireDelivered(core: VolumeCore): void {
  const left = [...core.spaces].filter((node) => node.isDirty && !node.removed);
  if (left.length === 0) return;
  throw new Failure("EIO", { syscall: "sync", path: left[0]?.path ?? "", detail: `not delivered: ${namesOf(left)}` });
}

/** What is said when the deadline passed: bytes that were taken but not made durable are as uncertain as bytes not sent. */
function lateFailure(core: VolumeCore, cause: Failure | undefined): Failure {
  const uncertain = [...core.spaces].filter((node) => !node.removed && !isKnownDurable(node));
  const unsent = uncertain.filter((node) => node.isDirty);
  const sent = uncertain.filter((node) => !node.isDirty);
  const details: string[] = [];
  if (unsent.length > 0) details.push(`not delivered: ${namesOf(unsent)}`);
  if (sent.length > 0) details.push(`not known to be durable: ${namesOf(sent)}`);
  return new Failure("ETIMEDOUT", {
    syscall: "sync",
    detail: details.length === 0 ? "the store did not answer in time" : details.join("; "),
    ...(uncertain[0] === undefined ? {} : { path: uncertain[0].path }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** While the store is asked to make a file durable, the file does not count as uncommitted. */
function isKnownDurable({ space }: VolumeNode): boolean {
  return space === undefined || (space.dirtyBytes === 0 && !space.isUncommitted && space.committing === null);
}

function unheardFailure(ears: ReadonlyMap<VolumeNode, ErrorCursor>, other: Failure | undefined): Failure | undefined {
  let first: Failure | undefined;
  const failed: VolumeNode[] = [];
  for (const [node, cursor] of ears) {
    if (node.removed) continue;
    const failure = node.space?.errors.check(cursor);
    if (failure === undefined || tookAll(node, failure)) continue;
    first ??= failure;
    failed.push(node);
  }
  const cause = first ?? other;
  if (cause === undefined) return undefined;
  const path = failed[0]?.path;
  const detail = failed.length === 0 ? cause.message : `not delivered: ${namesOf(failed)}`;
  return new Failure(cause.code, { syscall: "sync", detail, cause, ...(path === undefined ? {} : { path }) });
}

/** A file that another client removed after the store had taken every byte of it: nothing is left to deliver. */
function tookAll(node: VolumeNode, failure: Failure): boolean {
  if (node.isDirty || failure instanceof RefusalFailure) return false;
  return failure.code === "ENOENT" || failure.code === "ESTALE";
}

function namesOf(nodes: readonly VolumeNode[]): string {
  const names = nodes.slice(0, namesMax).map((node) => node.path);
  return nodes.length > namesMax ? `${names.join(", ")} and ${nodes.length - namesMax} more` : names.join(", ");
}

/** Whether the deadline came before the work was done. The work goes on by itself then. */
function within(core: VolumeCore, deadlineMs: Milliseconds | undefined, work: Promise<void>): Promise<boolean> {
  if (deadlineMs === undefined) return work.then(() => false);
  return new Promise((resolve, reject) => {
    const cancel = core.clock.after(deadlineMs, () => resolve(true));
    work.then(
      () => {
        cancel();
        resolve(false);
      },
      (thrown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}
