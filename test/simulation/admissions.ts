/**
 * Who may be shown what is cached (G14, S5.5): a credential whom the store has let in, not longer ago than the attribute time-out,
 * and whom it has not refused since. The store's answers are noted as they are given; a program that is shown bytes or
 * attributes must have been let in, before it asked or while it waited.
 */
import type { ErrorCode, Milliseconds } from "../../src/base/index.ts";
import type { Credential, NodeId } from "../../src/port/index.ts";
import type { Tick } from "../model/change.ts";
import type { ModelFile } from "../model/model-file.ts";
import type { World } from "./world.ts";

/** For the way of an answer through the volume. */
const slackMs = 60_000;

const refusals: ReadonlySet<ErrorCode> = new Set(["EACCES", "EPERM", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED"]);

interface Admission {
  /** The store's latest yes, and no. */
  letInAt: Tick;
  letInAtMs: Milliseconds;
  keptOutAt: Tick;
  /** The latest no that a program was told of. */
  toldAt: Tick;
}

export class Admissions {
  readonly #world: World;
  readonly #byNode: Map<NodeId, Map<string, Admission>> = new Map();
  /** How long turns were held up by now: on a slow machine an answer is on its way for as long. */
  heldUpMs: () => Milliseconds = () => 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** The time, less that for which turns were held up. */
  nowMs(): Milliseconds {
    return this.#world.clock.nowMs() - this.heldUpMs();
  }

  /** The store has done what the credential asked of the node, or a program hears that it has. */
  letIn(node: NodeId, credentialId: string): void {
    const admission = this.#of(node, credentialId);
    admission.letInAt = this.#world.now();
    admission.letInAtMs = this.nowMs();
  }

  /** The store has refused it with this code. */
  refused(node: NodeId, { id }: Credential, code: ErrorCode): void {
    if (refusals.has(code)) this.#of(node, id).keptOutAt = this.#world.now();
  }

  /** A program with the credential was told of a refusal. */
  told(file: ModelFile, { id }: Credential, code: string): void {
    if (!refusals.has(code as ErrorCode)) return;
    const admission = this.#of(file.node, id);
    admission.toldAt = admission.keptOutAt;
  }

  /** The tick of the latest refusal that a program with the credential was told of; 0 when there was none. */
  refusedAt(file: ModelFile, { id }: Credential): Tick {
    return this.#of(file.node, id).toldAt;
  }

  /**
   * What is wrong with showing the file to a program that asked at `askedMs`, when the latest refusal was that of `refusedAt`;
   * undefined when nothing is.
   */
  complaintOfShowing(
    file: ModelFile,
    { id }: Credential,
    { askedMs, refusedAt }: { readonly askedMs: Milliseconds; readonly refusedAt: Tick },
  ): string | undefined {
    const { scenario, media } = this.#world;
    // A medium that is out is answered for; whoever has a deleted file open is shown what it was.
    if (media !== undefined || file.removed !== undefined) return undefined;
    const { letInAt, letInAtMs } = this.#of(file.node, id);
    if (letInAtMs < askedMs - scenario.attributeTimeoutMs - scenario.storeTimeoutMs - slackMs)
      return `it is shown to ${id}, whom the store let in ${askedMs - letInAtMs} ms before (G14)`;
    if (letInAt < refusedAt) return `it is shown to ${id}, whom the store has refused (G14)`;
    return undefined;
  }

  #of(node: NodeId, credentialId: string): Admission {
    let ofNode = this.#byNode.get(node);
    if (ofNode === undefined) {
      ofNode = new Map();
      this.#byNode.set(node, ofNode);
    }
    let admission = ofNode.get(credentialId);
    if (admission === undefined) {
      admission = { letInAt: 0, letInAtMs: Number.NEGATIVE_INFINITY, keptOutAt: 0, toldAt: 0 };
      ofNode.set(credentialId, admission);
    }
    return admission;
  }
}
