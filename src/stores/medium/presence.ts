/**
 * Whether a medium is in its drive. The drive is looked at now and then, and whenever an operation fails in a way that a
 * medium that has been taken out would explain.
 *
 *   in --- look: none in, or another one ---> out --- look: our own is back, and opened ---> in
 *
 * Invariants
 *   I1  There is a store exactly while the medium is in; it was opened while the drive said that our own medium is in, before
 *       and after.
 *   I2  `generation` grows with each store that is opened; what was learnt of an earlier one means nothing to a later one.
 *   I3  At most one look is under way.
 */
import { type Clock, cancelController, Failure, type Milliseconds, neverFires } from "../../base/index.ts";
import { type Store, superuser } from "../../port/index.ts";
import type { Drive, MediumId } from "./medium.ts";

export interface PresenceOptions {
  readonly clock: Clock;
  /** How often the drive is looked at. */
  readonly lookEveryMs: Milliseconds;
  /** How long a look may take before it says that nothing is in. */
  readonly lookDeadlineMs: Milliseconds;
}

export type PresenceChange = "in" | "out";

export class Presence {
  readonly id: MediumId;
  readonly #drive: Drive;
  readonly #options: PresenceOptions;
  readonly #listeners: Set<(change: PresenceChange) => void> = new Set();

  #store: Store | undefined;
  #looking: Promise<void> | undefined;
  #cancelNext: () => void = () => undefined;
  #closed = false;
  generation = 1;

  /** `store` is open on the medium `id`. */
  constructor(drive: Drive, id: MediumId, store: Store, options: PresenceOptions) {
    this.#drive = drive;
    this.id = id;
    this.#store = store;
    this.#options = options;
    this.#lookLater();
  }

  /** The store of the medium; ENOMEDIUM while it is out. */
  store(syscall: string): Store {
    if (this.#store === undefined) throw noMedium(syscall, undefined);
    return this.#store;
  }

  get current(): Store | undefined {
    return this.#store;
  }

  onChange(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks at the drive now; resolves when the state is what the drive says. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Ends the looking. The store, if there is one, is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext();
    await this.#looking;
    await this.#store?.close();
    this.#store = undefined;
  }

  async #look(): Promise<void> {
    const found = await identifyWithin(this.#drive, this.#options);
    if (this.#closed) return;
    if (this.#store !== undefined && found !== this.id) this.#leave();
    else if (this.#store === undefined && found === this.id) await this.#enter();
  }

  #leave(): void {
    const left = this.#store as Store;
    this.#store = undefined;
    // The medium is out: whether its store can be closed cleanly concerns nobody any more.
    left.close().catch(() => undefined);
    this.#tell("out");
  }

  async #enter(): Promise<void> {
    const store = await openOn(this.#drive, this.id, this.#options);
    if (store === undefined) return;
    if (this.#closed) return await store.close();
    this.#store = store;
    this.generation += 1;
    this.#tell("in");
  }

  #tell(change: PresenceChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #lookLater(): void {
    this.#cancelNext = this.#options.clock.after(this.#options.lookEveryMs, () => {
      const next = (): void => {
        if (!this.#closed) this.#lookLater();
      };
      this.look().then(next, next);
    });
  }
}

/** A store on the medium; undefined when the drive held another one, before or after it was opened (I1). */
export async function openOn(drive: Drive, id: MediumId, options: PresenceOptions): Promise<Store | undefined> {
  const store = drive.open();
  try {
    await store.root({ credential: superuser, signal: neverFires });
    if ((await identifyWithin(drive, options)) === id) return store;
  } catch {
    // It has been taken out again: the next look tells.
  }
  await store.close().catch(() => undefined);
  return undefined;
}

/** What the drive says is in; a drive that fails, or does not answer in time, holds nothing. */
export async function identifyWithin(drive: Drive, options: PresenceOptions): Promise<MediumId | undefined> {
  const controller = cancelController();
  return await new Promise((resolve) => {
    const cancel = options.clock.after(options.lookDeadlineMs, () => {
      controller.abort();
      resolve(undefined);
    });
    const answer = (found: MediumId | undefined): void => {
      cancel();
      resolve(found);
    };
    drive.identify(controller.signal).then(answer, () => answer(undefined));
  });
}

export function noMedium(syscall: string, cause: Failure | undefined): Failure {
  const detail = "the medium is not in its drive";
  return new Failure("ENOMEDIUM", { syscall, detail, ...(cause === undefined ? {} : { cause }) });
}
