/**
 * The units of the page cache as flavoured numbers: a plain number is accepted where a unit is asked for, but one
 * unit is never accepted for another, so a page index handed to a parameter that wants an offset fails to compile.
 */
type Flavoured<Unit extends string> = number & { readonly unit?: Unit };

/** The number of a page inside its file: offset divided by page size, rounded down. */
export type PageIndex = Flavoured<"pageIndex">;

/** A position in a file, in bytes from its start. Safe up to 2^53 - 1. */
export type ByteOffset = Flavoured<"byteOffset">;

/** A length or amount, in bytes. */
export type ByteCount = Flavoured<"byteCount">;

/** A length of time, in milliseconds. */
export type Milliseconds = Flavoured<"milliseconds">;

/** The largest offset a file may have: what a double counts exactly. */
export const byteOffsetMax: ByteOffset = Number.MAX_SAFE_INTEGER;
