/**
 * Holds: the right of a client's credential to a file's content for as long as it has the file open, and the pin that keeps
 * an unlinked node alive. The first hold of a file by its maker is granted whatever the mode says, as open(2) grants
 * O_RDWR together with O_CREAT and mode 0444. The right to read and the right to write are two, each with its count.
 *
 *   (none) --acquireHold--> valid --endHolds (another client changed mode, owner or group)--> ended
 *   ended --acquireHold of the same right--> valid
 *   valid, ended --releaseHold, the last of its count--> (none)
 */
import { assert, Failure } from "../../base/index.ts";
import { type AccessMode, type Credential, permits, readAccess, requireAccess, writeAccess } from "../../port/index.ts";
import type { MemoryHold, MemoryNode } from "./memory-node.ts";
import type { MemoryServer } from "./memory-server.ts";

export function acquireHold(node: MemoryNode, mode: AccessMode, client: object, credential: Credential): void {
  if (mode.write && node.kind === "directory") throw new Failure("EISDIR", { syscall: "open" });
  const isMaker = node.maker?.client === client && node.maker.credentialId === credential.id;
  if (!isMaker) requireAccess(node, mode, credential, "open");
  node.maker = undefined;
  let hold = holdOf(node, client, credential);
  if (hold === undefined) {
    hold = { client, credentialId: credential.id, readers: 0, writers: 0, readEnded: false, writeEnded: false };
    node.holds.add(hold);
  }
  count(hold, mode, 1);
  // What was asked for anew is good again, and nothing else.
  if (mode.read || mode.execute) hold.readEnded = false;
  if (mode.write) hold.writeEnded = false;
}

export function releaseHold(
  server: MemoryServer,
  node: MemoryNode,
  mode: AccessMode,
  client: object,
  credential: Credential,
): void {
  const hold = holdOf(node, client, credential);
  assert(hold !== undefined, "only what is held is released");
  count(hold, mode, -1);
  assert(hold.readers >= 0 && hold.writers >= 0, "a hold is released once");
  if (hold.readers > 0 || hold.writers > 0) return;
  node.holds.delete(hold);
  server.dropIfUnused(node);
}

/** Releases everything the client holds of the node. */
export function releaseAllHolds(server: MemoryServer, node: MemoryNode, client: object): void {
  for (const hold of node.holds) if (hold.client === client) node.holds.delete(hold);
  server.dropIfUnused(node);
}

/** Ends the rights of all other clients, because this one changed who may do what. */
export function endHolds(node: MemoryNode, client: object): void {
  for (const hold of node.holds) {
    if (hold.client === client) continue;
    hold.readEnded = true;
    hold.writeEnded = true;
  }
}

export function mayRead(node: MemoryNode, client: object, credential: Credential): boolean {
  const hold = holdOf(node, client, credential);
  return (hold !== undefined && !hold.readEnded && hold.readers > 0) || permits(node, readAccess, credential);
}

export function mayWrite(node: MemoryNode, client: object, credential: Credential): boolean {
  const hold = holdOf(node, client, credential);
  return (hold !== undefined && !hold.writeEnded && hold.writers > 0) || permits(node, writeAccess, credential);
}

function holdOf(node: MemoryNode, client: object, credential: Credential): MemoryHold | undefined {
  for (const hold of node.holds) if (hold.client === client && hold.credentialId === credential.id) return hold;
  return undefined;
}

/** Execution reads the file; a hold that asks for nothing still pins, and counts as reading nothing but its attributes. */
function count(hold: MemoryHold, mode: AccessMode, by: number): void {
  if (mode.write) hold.writers += by;
  if (!mode.write || mode.read || mode.execute) hold.readers += by;
}
