/** What a case expects, in its own few words, so that the suite needs no test runner. */
import { type ErrorCode, Failure } from "../base/index.ts";

/** A store broke its contract; the message says what was expected and what came. */
export class ContractViolation extends Error {
  override readonly name = "ContractViolation";
}

export function expect(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new ContractViolation(`expected: ${expectation}`);
}

/** Values of plain types, and arrays and byte arrays of them. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [show(actual), show(expected)];
  if (one !== other) throw new ContractViolation(`${what}: expected ${other}, got ${one}`);
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes(${Array.from(value).join(",")})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}

/** The operation must fail, as a `Failure`, with one of the codes. */
export async function expectFailure(
  operation: Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  what: string,
): Promise<Failure> {
  const allowed: readonly string[] = typeof codes === "string" ? [codes] : codes;
  let outcome: unknown;
  try {
    await operation;
  } catch (failure) {
    if (failure instanceof Failure && allowed.includes(failure.code)) return failure;
    outcome = failure;
  }
  const got = outcome === undefined ? "success" : String(outcome);
  throw new ContractViolation(`${what}: expected ${allowed.join(" or ")}, got ${got}`);
}
