/** Counting bytes: which of those that were taken from the writer are where, and which of others' are gone. */
import { type Piece, wholeBytes } from "./ground.ts";

/** The file as it would be if it had these bytes and else nothing. */
export function imageOf(pieces: readonly Piece[]): Buffer {
  const image = Buffer.alloc(wholeBytes);
  for (const { offset, text } of pieces) image.write(text, offset, "latin1");
  return image;
}

export const imageOfText = (text: string): Buffer => imageOf([{ offset: 0, text }]);

/** How many of the wanted bytes an image has. */
export function countIn(image: Buffer, wanted: readonly Piece[]): number {
  return countMissing(Buffer.alloc(wholeBytes), image, wanted);
}

/** How many of the wanted bytes `stored` lacks and `elsewhere` has. */
export function countMissing(stored: Buffer, elsewhere: Buffer, wanted: readonly Piece[]): number {
  const image = imageOf(wanted);
  let count = 0;
  for (let at = 0; at < wholeBytes; at++) {
    if (image[at] !== 0 && image[at] !== stored[at] && image[at] === elsewhere[at]) count++;
  }
  return count;
}

/** How many bytes of `text` are not what `truth` has in their place; what lies beyond its end is none of its bytes. */
export function countDifferent(text: string, truth: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if (text[at] !== truth[at]) count++;
  return count;
}
