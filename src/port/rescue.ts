/**
 * What happens to bytes that a store refused (S5.1): the cache hands them to a rescue sink, which keeps them until a person
 * disposes of them, and only then forgets them.
 */
import type { ByteCount, ByteOffset, CancelSignal, Failure } from "../base/index.ts";
import type { Version } from "./attributes.ts";
import type { Credential } from "./credential.ts";
import type { NodeId } from "./store.ts";

/** What kind of no a store gave; what is done about it is a choice of the volume's. */
export const refusalClasses = [
  /** The credential may not, or not any longer. */
  "permission",
  /** The file is at another version than the bytes were written on. */
  "conflict",
  /** There is no room, or none for this user. */
  "space",
  /** The store cannot hold these bytes: a broken or read-only medium, a limit of the file's size. */
  "media",
  /** The file is no longer there. */
  "gone",
  /** The bytes did not arrive as they left: a check sum was wrong. */
  "integrity",
  /** Nobody refused; the store could not be reached or asked to try again. */
  "transient",
  /** Nobody refused; the call ended on this side. */
  "local",
] as const;

export type RefusalClass = (typeof refusalClasses)[number];

/** Whether `text` is the name of a class. */
export function isRefusalClass(text: unknown): text is RefusalClass {
  return refusalClasses.some((refusalClass) => refusalClass === text);
}

/** Refused bytes that lie together: `frames` in order, `byteCount` in all, from `offset` of the file on. */
export interface RefusedRange {
  readonly offset: ByteOffset;
  readonly byteCount: ByteCount;
  readonly frames: readonly Uint8Array[];
}

/** The refused bytes of one write record: one credential's. */
export interface RefusedBytes {
  readonly node: NodeId;
  /** The file's path in its volume, or the last one that is known. */
  readonly path: string;
  /** Ascending, apart from each other. */
  readonly ranges: readonly RefusedRange[];
  readonly credential: Credential;
  readonly failure: Failure;
  readonly refusalClass: RefusalClass;
  /** Wall time of the refusal, nanoseconds since 1970. */
  readonly refusedAtNs: bigint;
  /** The store's version of the file that the bytes were written on. */
  readonly baseVersion: Version;
  /** The version that the store has now, where it is known. */
  readonly foundVersion: Version | undefined;
  /** The file's size as programs saw it, these bytes included. */
  readonly fileSize: ByteCount;
}

/** The name of a rescue entry; unique in its rescue store. */
export type RescueId = string;

/** Where refused bytes are kept. */
export interface RescueSink {
  /**
   * Keeps the bytes durably: when it answers, they survive a crash. The frames do not change until then. Rejects with a
   * `Failure`, having kept nothing, when it cannot: the cache then keeps its copy.
   */
  keep(refused: RefusedBytes, signal: CancelSignal): Promise<RescueId>;
}
