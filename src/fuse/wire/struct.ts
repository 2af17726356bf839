/**
 * A struct of the protocol as a record of named fields. Each field is a function that reads it from a request's body, so
 * that a handler takes only the fields it needs, without an object in between, and a packet can be printed by name.
 */
import type { Request } from "./request.ts";

export type Field<Value> = (request: Request) => Value;

/** A struct with these numbers, strings and wide numbers. */
export type Struct<Numbers extends string, Texts extends string = never, Wide extends string = never> = Readonly<
  Record<Numbers, Field<number>> & Record<Texts, Field<string>> & Record<Wide, Field<bigint>>
>;

/** Any struct, to be printed. */
export type AnyStruct = Readonly<Record<string, Field<number> | Field<bigint> | Field<string>>>;

/** A 32-bit field at a position of the body. */
export function u32(at: number): Field<number> {
  return (request) => request.u32(at);
}

/** A 64-bit field that counts something: a position, a length, a number of ours. */
export function u64(at: number): Field<number> {
  return (request) => request.u64(at);
}

/** A signed 64-bit field, in full. */
export function i64(at: number): Field<bigint> {
  return (request) => request.i64(at);
}

/** The string that begins at a position. */
export function name(at: number): Field<string> {
  return (request) => request.name(at);
}

/** The string behind the one that begins at a position. */
export function secondName(at: number): Field<string> {
  return (request) => request.name(request.afterName(at));
}
