/** Operations on names: look up, make, link, remove, rename. Each checks the credential's permission on the directories. */
import { Failure } from "../../base/index.ts";
import {
  type Credential,
  entriesAccess,
  type NodeKind,
  type RenameMode,
  requireAccess,
  requireUnstuck,
  rightsOfNewNode,
  searchAccess,
} from "../../port/index.ts";
import type { MemoryNode } from "./memory-node.ts";
import { entriesOf, type MemoryClient, type MemoryServer } from "./memory-server.ts";

/** Who does it: the client that is not told of the change, and the credential that must be permitted. */
export interface MemoryActor {
  readonly server: MemoryServer;
  readonly client: MemoryClient;
  readonly credential: Credential;
}

export function find(parent: MemoryNode, name: string, actor: MemoryActor): MemoryNode {
  const entries = entriesOf(parent, "lookup");
  requireAccess(parent, searchAccess, actor.credential, "lookup");
  const node = entries.get(name);
  if (node === undefined) throw new Failure("ENOENT", { syscall: "lookup" });
  return node;
}

export function make(
  parent: MemoryNode,
  name: string,
  kind: NodeKind,
  mode: number,
  special: { readonly target?: string; readonly device?: number },
  actor: MemoryActor,
): MemoryNode {
  const { server, client, credential } = actor;
  requireFree(parent, name, kind === "directory" ? "mkdir" : "create", actor);
  const node = server.makeNode(kind, rightsOfNewNode(parent, kind, mode, credential), special);
  server.attach(parent, name, node);
  server.tell(client, parent, "entries");
  if (kind === "file") node.maker = { client, credentialId: credential.id };
  return node;
}

export function link(node: MemoryNode, parent: MemoryNode, name: string, actor: MemoryActor): void {
  const { server, client, credential } = actor;
  if (node.kind === "directory") throw new Failure("EPERM", { syscall: "link" });
  requireFree(parent, name, "link", actor);
  if (node.linkCount === 0) throw new Failure("ENOENT", { syscall: "link" });
  requireLinkable(node, credential);
  server.attach(parent, name, node);
  node.changeTimeNs = server.clock.wallTimeNs();
  server.tell(client, parent, "entries");
  server.tell(client, node, "attributes");
}

/** The rule of Linux's protected_hardlinks: what one may not read and write, or what lends rights, is not one's to link. */
function requireLinkable(node: MemoryNode, credential: Credential): void {
  if (credential.uid === 0 || credential.uid === node.uid) return;
  const lendsRights = (node.mode & 0o4000) !== 0 || (node.mode & 0o2010) === 0o2010;
  if (node.kind !== "file" || lendsRights) throw new Failure("EPERM", { syscall: "link" });
  requireAccessOrPermission(node, credential);
}

function requireAccessOrPermission(node: MemoryNode, credential: Credential): void {
  try {
    requireAccess(node, { read: true, write: true, execute: false }, credential, "link");
  } catch (cause) {
    throw new Failure("EPERM", { syscall: "link", cause });
  }
}

export function remove(parent: MemoryNode, name: string, actor: MemoryActor): void {
  const victim = requireVictim(parent, name, "unlink", actor);
  if (victim.kind === "directory") throw new Failure("EISDIR", { syscall: "unlink" });
  unname(parent, name, actor);
  actor.server.tell(actor.client, parent, "entries");
}

export function removeDirectory(parent: MemoryNode, name: string, actor: MemoryActor): void {
  const victim = requireVictim(parent, name, "rmdir", actor);
  if (entriesOf(victim, "rmdir").size > 0) throw new Failure("ENOTEMPTY", { syscall: "rmdir" });
  unname(parent, name, actor);
  actor.server.tell(actor.client, parent, "entries");
}

/** Takes the last step of a removal: the name, and the node with it unless other names or holds keep it. */
function unname(parent: MemoryNode, name: string, actor: MemoryActor): void {
  const { server, client } = actor;
  const node = server.detach(parent, name);
  if (node.kind === "directory") node.linkCount = 0;
  node.changeTimeNs = server.clock.wallTimeNs();
  server.tell(client, node, node.linkCount === 0 ? "removed" : "attributes");
  server.dropIfUnused(node);
}

export function rename(
  fromParent: MemoryNode,
  fromName: string,
  toParent: MemoryNode,
  toName: string,
  mode: RenameMode,
  actor: MemoryActor,
): void {
  const source = requireVictim(fromParent, fromName, "rename", actor);
  const target = entriesOf(toParent, "rename").get(toName);
  requireAccess(toParent, entriesAccess, actor.credential, "rename");
  if (toParent.linkCount === 0) throw new Failure("ENOENT", { syscall: "rename" });
  if (mode === "noReplace" && target !== undefined) throw new Failure("EEXIST", { syscall: "rename" });
  if (mode === "exchange" && target === undefined) throw new Failure("ENOENT", { syscall: "rename" });
  requireNoLoop(source, toParent);
  if (mode === "exchange" && target !== undefined) requireNoLoop(target, fromParent);
  if (source === target) return;
  requireMovable(source, fromParent, toParent, actor.credential);
  if (target !== undefined) {
    requireUnstuck(toParent, target, actor.credential, "rename");
    if (mode === "exchange") requireMovable(target, toParent, fromParent, actor.credential);
    else requireReplaceable(source, target);
  }
  const { server, client } = actor;
  if (target !== undefined && mode === "replace") unname(toParent, toName, actor);
  server.detach(fromParent, fromName);
  if (target !== undefined && mode === "exchange") {
    server.detach(toParent, toName);
    server.attach(fromParent, fromName, target);
    target.changeTimeNs = server.clock.wallTimeNs();
  }
  server.attach(toParent, toName, source);
  source.changeTimeNs = server.clock.wallTimeNs();
  server.tell(client, fromParent, "entries");
  if (toParent !== fromParent) server.tell(client, toParent, "entries");
  server.tell(client, source, "attributes");
}

/** A directory that moves to another parent changes its own `..`, so it must be writable itself. */
function requireMovable(node: MemoryNode, from: MemoryNode, to: MemoryNode, credential: Credential): void {
  if (node.kind !== "directory" || from === to) return;
  requireAccess(node, { read: false, write: true, execute: false }, credential, "rename");
}

function requireReplaceable(source: MemoryNode, target: MemoryNode): void {
  if (source.kind === "directory") {
    if (entriesOf(target, "rename").size > 0) throw new Failure("ENOTEMPTY", { syscall: "rename" });
  } else if (target.kind === "directory") throw new Failure("EISDIR", { syscall: "rename" });
}

function requireNoLoop(node: MemoryNode, into: MemoryNode): void {
  if (node.kind !== "directory") return;
  for (let at = into; ; at = at.parent) {
    if (at === node) throw new Failure("EINVAL", { syscall: "rename", detail: "a directory into itself" });
    if (at.parent === undefined || at.parent === at) return;
  }
}

function requireFree(parent: MemoryNode, name: string, syscall: string, actor: MemoryActor): void {
  const entries = entriesOf(parent, syscall);
  requireAccess(parent, searchAccess, actor.credential, syscall);
  if (entries.has(name)) throw new Failure("EEXIST", { syscall });
  requireAccess(parent, entriesAccess, actor.credential, syscall);
  if (parent.linkCount === 0) throw new Failure("ENOENT", { syscall, detail: "the directory was removed" });
}

function requireVictim(parent: MemoryNode, name: string, syscall: string, actor: MemoryActor): MemoryNode {
  const entries = entriesOf(parent, syscall);
  requireAccess(parent, searchAccess, actor.credential, syscall);
  const victim = entries.get(name);
  if (victim === undefined) throw new Failure("ENOENT", { syscall });
  requireAccess(parent, entriesAccess, actor.credential, syscall);
  requireUnstuck(parent, victim, actor.credential, syscall);
  return victim;
}
