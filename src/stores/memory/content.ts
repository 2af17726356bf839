/** Operations on the content of files: read, write at a version, commit, holes, size. */
import { type ByteCount, type ByteOffset, byteOffsetMax, Failure } from "../../base/index.ts";
import { type ReadResult, type Version, VersionConflict } from "../../port/index.ts";
import { mayRead, mayWrite } from "./hold.ts";
import { type MemoryNode, versionOf } from "./memory-node.ts";
import type { MemoryServer } from "./memory-server.ts";
import type { MemoryActor } from "./names.ts";
import type { SparseContent } from "./sparse-content.ts";

/** How the writes of a client are taken. */
export interface WriteTerms {
  readonly conditional: boolean;
  readonly durability: "stable" | "volatile";
}

export function readContent(
  node: MemoryNode,
  offset: ByteOffset,
  frames: readonly Uint8Array[],
  actor: MemoryActor,
): ReadResult {
  const bytes = bytesOf(node, "read");
  if (!mayRead(node, actor.client, actor.credential)) throw new Failure("EACCES", { syscall: "read" });
  return { byteCount: bytes.read(offset, frames), version: versionOf(node) };
}

export function writeContent(
  node: MemoryNode,
  offset: ByteOffset,
  frames: readonly Uint8Array[],
  expected: Version | undefined,
  terms: WriteTerms,
  actor: MemoryActor,
): ByteCount {
  const bytes = bytesOf(node, "write");
  requireWriter(node, actor, "write");
  if (terms.conditional && expected !== undefined && expected !== versionOf(node)) {
    throw new VersionConflict(versionOf(node));
  }
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  requireRange(offset, length, "write");
  actor.server.requireSpace(bytes.growthOfWrite(offset, length), "write");
  return changed(node, terms, actor, (content) => content.write(offset, frames));
}

export function resizeContent(node: MemoryNode, size: ByteCount, terms: WriteTerms, actor: MemoryActor): void {
  requireRange(0, size, "truncate");
  changed(node, terms, actor, (content) => content.resize(size));
}

export function punchContent(
  node: MemoryNode,
  offset: ByteOffset,
  length: ByteCount,
  terms: WriteTerms,
  actor: MemoryActor,
): void {
  bytesOf(node, "fallocate");
  requireWriter(node, actor, "fallocate");
  if (length === 0) throw new Failure("EINVAL", { syscall: "fallocate" });
  requireRange(offset, length, "fallocate");
  changed(node, terms, actor, (content) => content.punch(offset, length));
}

/** The memory server reserves nothing: it only checks that there is room, and grows the size. */
export function allocateContent(
  node: MemoryNode,
  offset: ByteOffset,
  length: ByteCount,
  keepSize: boolean,
  terms: WriteTerms,
  actor: MemoryActor,
): void {
  const bytes = bytesOf(node, "fallocate");
  requireWriter(node, actor, "fallocate");
  if (length === 0) throw new Failure("EINVAL", { syscall: "fallocate" });
  requireRange(offset, length, "fallocate");
  actor.server.requireSpace(length, "fallocate");
  if (keepSize || offset + length <= bytes.size) return;
  changed(node, terms, actor, (content) => content.resize(offset + length));
}

export function seekContent(
  node: MemoryNode,
  offset: ByteOffset,
  whence: "data" | "hole",
  actor: MemoryActor,
): ByteOffset | undefined {
  const bytes = bytesOf(node, "lseek");
  const { client, credential } = actor;
  if (!mayRead(node, client, credential) && !mayWrite(node, client, credential)) {
    throw new Failure("EACCES", { syscall: "lseek" });
  }
  return bytes.seek(offset, whence);
}

/** Makes the content that was written as volatile survive a crash. */
export function commitContent(node: MemoryNode): void {
  if (node.content !== undefined) node.content.durable = undefined;
}

function changed<Result>(
  node: MemoryNode,
  terms: WriteTerms,
  actor: MemoryActor,
  change: (bytes: SparseContent) => Result,
): Result {
  const { server, client } = actor;
  const content = node.content;
  if (content !== undefined && terms.durability === "volatile") content.durable ??= content.bytes.snapshot();
  const result = server.changeContent(node, change);
  server.tell(client, node, "content");
  return result;
}

function bytesOf(node: MemoryNode, syscall: string): SparseContent {
  if (node.content !== undefined) return node.content.bytes;
  throw new Failure(node.kind === "directory" ? "EISDIR" : "EINVAL", { syscall });
}

function requireWriter(node: MemoryNode, actor: MemoryActor, syscall: string): void {
  if (!mayWrite(node, actor.client, actor.credential)) throw new Failure("EACCES", { syscall });
}

function requireRange(offset: ByteOffset, length: ByteCount, syscall: string): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0) throw new Failure("EINVAL", { syscall });
  if (offset + length > byteOffsetMax) throw new Failure("EFBIG", { syscall });
}

/** How much room and how many nodes the server has left. */
export function statisticsOf(server: MemoryServer): {
  readonly blocks: number;
  readonly blocksFree: number;
  readonly nodes: number;
  readonly nodesFree: number;
} {
  const blocks = Math.floor(server.capacityBytes / 4096);
  const used = Math.ceil(server.storedBytes / 4096);
  return { blocks, blocksFree: blocks - used, nodes: server.nodesMax, nodesFree: server.nodesMax - server.nodeCount };
}
