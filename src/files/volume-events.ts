/** What a volume tells its listeners, and the small emitter that does it. */
import type { ByteOffset, Failure } from "../base/index.ts";
import type { WritebackFailure } from "../cache/index.ts";
import type { Credential } from "../port/index.ts";
import type { Node } from "./node.ts";

/** What changed behind the back of whoever keeps copies, such as the kernel under a mount. */
export type VolumeInvalidation =
  | { readonly what: "content"; readonly node: Node; readonly start: ByteOffset; readonly end: ByteOffset | undefined }
  | { readonly what: "attributes"; readonly node: Node }
  | { readonly what: "entry"; readonly parent: Node; readonly name: string };

/** A failed write-back, now recorded in the file's error sequence: one event for each entry there. */
export interface WritebackFailed extends WritebackFailure {
  readonly node: Node;
  /** As it was then. */
  readonly path: string;
  /** Wall time, nanoseconds since 1970. */
  readonly toldAtNs: bigint;
}

/** A credential in use that was not renewed: when it is too near its end, writing under it is EKEYEXPIRED. */
export interface RenewalFailed {
  /** The newest there is. */
  readonly credential: Credential;
  /** EKEYEXPIRED; what the hook threw, if it did, is its cause. */
  readonly failure: Failure;
}

export interface VolumeEventMap {
  readonly invalidate: VolumeInvalidation;
  readonly writebackFailed: WritebackFailed;
  /** Bytes that `writebackFailed` told of as unrescued are kept elsewhere by now. */
  readonly rescued: WritebackFailed;
  readonly renewalFailed: RenewalFailed;
}

/**
 * Calls listeners in the order they came. One that throws harms nobody: neither the listeners after it nor the write-back or
 * the request that the event came from; it is counted.
 */
export class VolumeEvents {
  readonly #listeners = new Map<keyof VolumeEventMap, Set<(event: never) => void>>();
  #listenerFailures = 0;

  /** How often a listener threw. */
  get listenerFailures(): number {
    return this.#listenerFailures;
  }

  /** Calls back for each event of the kind; the answer ends that. */
  on<Kind extends keyof VolumeEventMap>(kind: Kind, listener: (event: VolumeEventMap[Kind]) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Whether anybody listens, so that events nobody wants are not made. */
  wants(kind: keyof VolumeEventMap): boolean {
    return (this.#listeners.get(kind)?.size ?? 0) > 0;
  }

  emit<Kind extends keyof VolumeEventMap>(kind: Kind, event: VolumeEventMap[Kind]): void {
    for (const listener of this.#listeners.get(kind) ?? []) {
      try {
        (listener as (event: VolumeEventMap[Kind]) => void)(event);
      } catch {
        this.#listenerFailures += 1;
      }
    }
  }
}
