/**
 * The yardstick: plain memory of the same footprint, copied with the one copying call the language has. Every piece has
 * a view made beforehand, so a copy costs nothing but the call and the bytes.
 */

const slabBytes = 1024 * 1024 * 1024;

/** Contiguous memory, written once so that it is really there, as one view for each piece. */
export function plainPieces(pieceBytes: number, pieceCount: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const piecesPerSlab = slabBytes / pieceBytes;
  for (let first = 0; first < pieceCount; first += piecesPerSlab) {
    const count = Math.min(piecesPerSlab, pieceCount - first);
    const slab = new Uint8Array(count * pieceBytes).fill(1);
    for (let at = 0; at < count; at++) pieces.push(slab.subarray(at * pieceBytes, (at + 1) * pieceBytes));
  }
  return pieces;
}

/** As many separate allocations, as page frames are. */
export function separatePieces(pieceBytes: number, pieceCount: number): Uint8Array[] {
  return Array.from({ length: pieceCount }, () => new Uint8Array(new ArrayBuffer(pieceBytes)).fill(1));
}
