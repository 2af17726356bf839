/** What the kernel has open: file handles and directory handles by the number it was given for each. */
import type { DirectoryHandle, Handle } from "../../files/index.ts";

export class OpenTable {
  readonly #files = new Map<number, Handle>();
  readonly #directories = new Map<number, DirectoryHandle>();

  get count(): number {
    return this.#files.size + this.#directories.size;
  }

  addFile(handle: Handle): void {
    this.#files.set(handle.fd, handle);
  }

  addDirectory(handle: DirectoryHandle): void {
    this.#directories.set(handle.fd, handle);
  }

  file(number: number): Handle | undefined {
    return this.#files.get(number);
  }

  directory(number: number): DirectoryHandle | undefined {
    return this.#directories.get(number);
  }

  /** Gives a file back; dirty bytes stay with the volume. */
  async releaseFile(number: number): Promise<void> {
    const handle = this.#files.get(number);
    this.#files.delete(number);
    await handle?.release();
  }

  async releaseDirectory(number: number): Promise<void> {
    const handle = this.#directories.get(number);
    this.#directories.delete(number);
    await handle?.release();
  }

  /** Gives everything back, when the connection ended without that. */
  async releaseAll(): Promise<void> {
    await Promise.all([
      ...[...this.#directories.keys()].map((number) => this.releaseDirectory(number)),
      ...[...this.#files.keys()].map((number) => this.releaseFile(number)),
    ]);
  }
}
