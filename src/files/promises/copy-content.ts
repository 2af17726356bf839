/** Copying one open file's content to another, through the cache, a bounded piece at a time. */
import type { FileHandle } from "../file-handle/file-handle.ts";

const pieceBytes = 262_144;

export async function copyContent(source: FileHandle, target: FileHandle): Promise<void> {
  const piece = new Uint8Array(pieceBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await source.read(piece, 0, pieceBytes, position);
    if (bytesRead === 0) return;
    await target.write(piece, 0, bytesRead, position);
    position += bytesRead;
  }
}
