/** File names on a terminal. They may hold any byte but two, newlines and escape sequences among them. */

/** A text that a terminal can show: one with control characters or bytes that are no UTF-8 is quoted. */
export function printable(text: string): string {
  return /[\p{Cc}\p{Cs}\p{Cf}]/u.test(text) ? JSON.stringify(text).replace(/[\p{Cc}\p{Cf}]/gu, escaped) : text;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
