/** Sending everything dirty and hearing how it went: for `sync` and before a volume closes. */
import { Failure, failureFrom, type Milliseconds } from "../base/index.ts";
import type { ErrorCursor } from "../cache/index.ts";
import type { Call } from "../port/index.ts";
import type { VolumeNode } from "./nodes/volume-node.ts";
import type { VolumeCore } from "./volume-core.ts";

const namesMax = 5;

/**
 * Writes everything back, durably. Throws the first failure that nobody has heard of, and EIO for bytes that are still
 * here; both name their files. With a deadline it stops waiting then, and what is left is such a failure.
 */
export async function drain(core: VolumeCore, call: Call, deadlineMs?: Milliseconds): Promise<void> {
  const ears = new Map<VolumeNode, ErrorCursor>();
  for (const node of core.spaces) if (node.space !== undefined) ears.set(node, node.space.errors.sample());
  let timedOut = false;
  try {
    timedOut = await within(
      core,
      deadlineMs,
      core.cache.sync({ durable: true, credential: call.credential }, call.signal),
    );
  } catch (thrown) {
    throwUnheard(ears, failureFrom(thrown, { syscall: "sync" }));
  }
  throwUnheard(ears, undefined);
  const left = [...core.spaces].filter((node) => node.isDirty && !node.removed);
  for (const node of core.spaces) core.settle(node);
  if (left.length === 0) return;
  throw new Failure(timedOut ? "ETIMEDOUT" : "EIO", {
    syscall: "sync",
    path: left[0]?.path ?? "",
    detail: `not delivered: ${namesOf(left)}`,
  });
}

function throwUnheard(ears: ReadonlyMap<VolumeNode, ErrorCursor>, other: Failure | undefined): void {
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
  if (cause === undefined) return;
  const path = failed[0]?.path;
  const detail = failed.length === 0 ? cause.message : `not delivered: ${namesOf(failed)}`;
  throw new Failure(cause.code, { syscall: "sync", detail, cause, ...(path === undefined ? {} : { path }) });
}

/** A file that another client removed after the store had taken every byte of it: nothing is left to deliver. */
function tookAll(node: VolumeNode, failure: Failure): boolean {
  return !node.isDirty && (failure.code === "ENOENT" || failure.code === "ESTALE");
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
