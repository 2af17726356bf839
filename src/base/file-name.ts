/**
 * File names are bytes, any but / and NUL; programs want strings. The bytes are read as UTF-8; a byte that is no part of
 * valid UTF-8 becomes the lone surrogate U+DC00 + byte, so the way back gives exactly the same bytes (the scheme of
 * Python's PEP 383, "surrogateescape").
 */
interface Utf8 {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
}
const platform = globalThis as unknown as Utf8;
const encoder = new platform.TextEncoder();
const decoder = new platform.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The string for a name's bytes; lossless. */
export function decodeFileName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] as number);
    const piece = bytes.subarray(at, at + length);
    try {
      text += decoder.decode(piece);
      at += length;
    } catch {
      text += String.fromCharCode(0xdc00 + (bytes[at] as number));
      at += 1;
    }
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/** The bytes of a name that `decodeFileName` gave, or of any string. */
export function encodeFileName(name: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.charCodeAt(0);
    if (character.length === 1 && code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}
