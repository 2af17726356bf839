/**
 * What the store took of a file and may lose again when it fails, until a commit has made it durable (S5.13).
 *
 * A file is *uncommitted* from the first such thing on until a commit has succeeded that began after the last one; so it is
 * while the store is asked for that commit, too, or a sync of everything would pass it by.
 *
 *   durable --took--> uncommitted --commit, committed--> durable
 *                     uncommitted --took during a commit--> uncommitted
 */
export class Durability {
  /** Resolves when the commit that is under way has ended, in whatever way. */
  committing: Promise<void> | null = null;

  readonly #onChange: (isUncommitted: boolean) => void;
  #takenCount = 0;
  #durableCount = 0;

  constructor(onChange: (isUncommitted: boolean) => void) {
    this.#onChange = onChange;
  }

  get isUncommitted(): boolean {
    return this.#durableCount < this.#takenCount;
  }

  /** How often the store took something that was not durable at once. */
  get takenCount(): number {
    return this.#takenCount;
  }

  /** The store took bytes, attributes or a new file. */
  took(): void {
    this.#takenCount += 1;
    this.#onChange(true);
  }

  /** A commit succeeded that began when `takenCount` was this. */
  committed(takenCount: number): void {
    this.#durableCount = takenCount;
    this.#onChange(this.isUncommitted);
  }
}
