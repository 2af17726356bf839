/** A program's place for an open file: the handle, the file as the model knows it, and what the handle has heard. */
import { Failure } from "../../src/base/index.ts";
import { type Handle, openFlags } from "../../src/files/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import type { Tick } from "../model/change.ts";
import type { Ear } from "../model/failures.ts";
import type { ModelFile } from "../model/model-file.ts";
import type { Access, SlotOperation } from "./operation.ts";
import type { World } from "./world.ts";

export interface OpenSlot {
  readonly handle: Handle;
  readonly file: ModelFile;
  readonly ear: Ear;
}

export const flagsOf: Record<Access, number> = {
  r: openFlags.O_RDONLY,
  w: openFlags.O_WRONLY,
  rw: openFlags.O_RDWR,
  a: openFlags.O_RDWR | openFlags.O_APPEND,
};

/** What an open that began at `from` has answered. */
export function admit(world: World, handle: Handle, from: Tick): OpenSlot {
  const node = handle.node as VolumeNode;
  const file = world.fileOf(node);
  world.nodes.set(file, node);
  if (world.syncsUnderWay > 0) file.failures.maybeHeardAll();
  return { handle, file, ear: file.failures.open(from) };
}

/** The name of a file number. */
export function name(file: number): string {
  return `f${file}`;
}

export function canRead({ flags }: Handle): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_WRONLY;
}

export function canWrite({ flags }: Handle): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_RDONLY;
}

export function prefixed(what: string, complaint: string | undefined): string | undefined {
  return complaint === undefined ? undefined : `${what}: ${complaint}`;
}

/**
 * What a handle must refuse by itself, as open(2) and close(2) have it: what it was not opened for, and everything once it is
 * closed. Undefined for what it may do; otherwise the code it must fail with, and a way to try.
 */
export function misuseOf(
  operation: SlotOperation,
  { handle }: OpenSlot,
  isOpen: boolean,
): { code: "EBADF" | "EINVAL"; attempt: () => Promise<unknown> } | undefined {
  const byte = new Uint8Array(1);
  switch (operation.kind) {
    case "read":
      return isOpen && canRead(handle) ? undefined : { code: "EBADF", attempt: () => handle.readAt(0, byte) };
    case "write":
    case "append":
      return isOpen && canWrite(handle) ? undefined : { code: "EBADF", attempt: () => handle.writeAt(0, byte) };
    case "punch":
      return isOpen && canWrite(handle) ? undefined : { code: "EBADF", attempt: () => handle.punchHole(0, 1) };
    case "truncate":
      if (!isOpen) return { code: "EBADF", attempt: () => handle.truncate(0) };
      return canWrite(handle) ? undefined : { code: "EINVAL", attempt: () => handle.truncate(0) };
    case "fsync":
      return isOpen ? undefined : { code: "EBADF", attempt: () => handle.sync() };
    case "close":
      return isOpen ? undefined : { code: "EBADF", attempt: () => handle.flush() };
    case "stat":
    case "map":
    case "invalidate":
      return undefined;
  }
}

/** Tries what must be refused; answers with the code. */
export async function mustRefuse(
  world: World,
  what: string,
  { code, attempt }: { code: "EBADF" | "EINVAL"; attempt: () => Promise<unknown> },
): Promise<string> {
  try {
    await attempt();
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === code) return code;
    throw thrown;
  }
  world.require(`${what} was done on a handle that is not for it; ${code} was due`);
  return "done";
}
