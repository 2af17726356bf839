/** What a session counts. */
import type { ErrorCode } from "../../base/index.ts";
import { opcodeName } from "../wire/opcode.ts";

const opcodesCounted = 64;

export class SessionCounters {
  readonly #requests = new Float64Array(opcodesCounted);
  readonly #errors = new Map<ErrorCode, number>();
  readBytes = 0;
  writtenBytes = 0;
  /** Writes whose frames went to the cache without a copy. */
  adoptedWrites = 0;
  malformed = 0;
  interrupts = 0;
  answersFailed = 0;

  requestReceived(opcode: number): void {
    if (opcode < opcodesCounted) this.#requests[opcode] = (this.#requests[opcode] as number) + 1;
  }

  answeredWithError(code: ErrorCode): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** Requests by name, for those that came. */
  get requests(): Readonly<Record<string, number>> {
    const byName: Record<string, number> = {};
    this.#requests.forEach((count, opcode) => {
      if (count > 0) byName[opcodeName(opcode)] = count;
    });
    return byName;
  }

  get errorsAnswered(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#errors);
  }
}
