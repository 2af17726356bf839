/** What the kernel has open: file handles and directory handles by the number it was given for each. */
import type { DirectoryHandle, Handle } from "../../files/index.ts";

/** An open file as the mount keeps it. */
export class OpenFileEntry {
  readonly handle: Handle;
  /**
   * For what a shared mapping of a file opened with O_APPEND sends: a handle that writes where it is told. Opened when
   * the first such write comes.
   */
  positioned: Promise<Handle> | undefined;

  constructor(handle: Handle) {
    this.handle = handle;
  }
}

export class OpenTable {
  readonly #files = new Map<number, OpenFileEntry>();
  readonly #directories = new Map<number, DirectoryHandle>();

  get count(): number {
    return this.#files.size + this.#directories.size;
  }

  addFile(handle: Handle): void {
    this.#files.set(handle.fd, new OpenFileEntry(handle));
  }

  addDirectory(handle: DirectoryHandle): void {
    this.#directories.set(handle.fd, handle);
  }

  file(number: number): OpenFileEntry | undefined {
    return this.#files.get(number);
  }

  directory(number: number): DirectoryHandle | undefined {
    return this.#directories.get(number);
  }

  /** Gives a file back; dirty bytes stay with the volume. */
  async releaseFile(number: number): Promise<void> {
    const entry = this.#files.get(number);
    if (entry === undefined) return;
    this.#files.delete(number);
    const positioned = await entry.positioned?.catch(() => undefined);
    await positioned?.release();
    await entry.handle.release();
  }

  releaseDirectory(number: number): void {
    this.#directories.get(number)?.release();
    this.#directories.delete(number);
  }

  /** Gives everything back, when the connection ended without that. */
  async releaseAll(): Promise<void> {
    for (const number of [...this.#directories.keys()]) this.releaseDirectory(number);
    await Promise.all([...this.#files.keys()].map((number) => this.releaseFile(number)));
  }
}
