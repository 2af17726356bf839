/**
 * The manifest of a rescue entry (S5.3): what the bytes are, whose, and why they were refused. It never changes once it is
 * written, and its own text is sealed by a check sum, as is each range of the bytes, so what was torn or tampered with is
 * seen. A manifest of a later format is told apart from a damaged one: it is left to the version that wrote it.
 */
import { createHash } from "node:crypto";
import { type ByteCount, type ByteOffset, withoutSecrets } from "../base/index.ts";
import type { NodeId, RefusalClass, RefusedBytes, RescueId, Version } from "../port/index.ts";
import { formatWallTime } from "./wall-time.ts";

/** Grows with each change that an older version would misread. */
export const manifestFormat = 1;

/** A range of rescued bytes. Ranges lie in `bytes` one after the other, in this order. */
export interface RescuedRange {
  readonly offset: ByteOffset;
  readonly byteCount: ByteCount;
  /** Of the range's bytes, as 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What is known of an entry; the same shape as on disk. */
export interface RescueManifest {
  readonly format: number;
  readonly id: RescueId;
  /** Where the file lives, as a URL without secrets; null where whoever kept the bytes did not say. */
  readonly store: string | null;
  /** The file's path in its volume, or the last one that was known. */
  readonly path: string;
  /** The store's own name for the file. */
  readonly node: NodeId;
  /** Ascending, apart from each other. */
  readonly ranges: readonly RescuedRange[];
  /** The file's size as programs saw it, these bytes included. */
  readonly fileSize: ByteCount;
  /** Who wrote the bytes. */
  readonly credential: {
    readonly id: string;
    readonly uid: number;
    readonly gid: number;
    readonly groups: readonly number[];
  };
  readonly refusal: {
    readonly class: RefusalClass;
    /** As errno(3) spells it. */
    readonly code: string;
    /** Positive, as Linux numbers it. */
    readonly errno: number;
    readonly message: string;
  };
  /** ISO 8601 in UTC, with nanoseconds. */
  readonly refusedAt: string;
  /** The store's version of the file that the bytes were written on. */
  readonly baseVersion: Version;
  /** The version that the store had when it refused, where that is known. */
  readonly foundVersion: Version | null;
}

/** What reading a manifest gives. */
export type ManifestReading =
  | { readonly state: "whole"; readonly manifest: RescueManifest }
  | { readonly state: "newer"; readonly format: number }
  | { readonly state: "damaged"; readonly why: string };

/** A check sum of bytes that are not known yet. */
const pendingSum: string = "0".repeat(64);

/** The manifest of refused bytes, with `pendingSum` for every range. */
export function manifestOf(id: RescueId, refused: RefusedBytes, storeUrl: string | undefined): RescueManifest {
  const { credential, failure } = refused;
  return {
    format: manifestFormat,
    id,
    store: storeUrl === undefined ? null : withoutSecrets(storeUrl),
    path: refused.path,
    node: refused.node,
    ranges: refused.ranges.map(({ offset, byteCount }) => ({ offset, byteCount, sha256: pendingSum })),
    fileSize: refused.fileSize,
    credential: { id: credential.id, uid: credential.uid, gid: credential.gid, groups: [...credential.groups] },
    refusal: {
      class: refused.refusalClass,
      code: failure.code,
      errno: -failure.errno,
      message: withoutSecrets(failure.message),
    },
    refusedAt: formatWallTime(refused.refusedAtNs),
    baseVersion: refused.baseVersion,
    foundVersion: refused.foundVersion ?? null,
  };
}

/** All bytes of an entry. */
export function byteCountOf(manifest: RescueManifest): ByteCount {
  return manifest.ranges.reduce((sum, range) => sum + range.byteCount, 0);
}

/** The text of a manifest with its seal. Its length does not depend on the values of check sums. */
export function sealManifest(manifest: RescueManifest): string {
  return `${JSON.stringify({ ...manifest, seal: sealOf(manifest) }, undefined, 1)}\n`;
}

/** The check sum of everything but the seal, in the order in which it stands. */
export function sealOf(content: object): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
