/**
 * Whether a medium is in its drive. The drive is looked at now and then, and whenever an operation fails in a way that a
 * medium that has been taken out would explain.
 *
 *   in --- look: none in, or another one ---> out --- look: our own is back, and opened ---> in
 *   in --- look: our own, put in again meanwhile ---> out, and in at once
 *
 * Invariants
 *   I1  There is a store exactly while the medium is in; it was opened while the drive said that our own medium is in, by the
 *       same insertion before and after.
 *   I2  `generation` grows with each store that is opened; what was learnt of an earlier one means nothing to a later one.
 *   I3  At most one look is under way, and it began after whoever waits for it asked.
 */
import { type CancelSignal, type Clock, cancelController, Failure, type Milliseconds } from "../../base/index.ts";
import { type Store, superuser } from "../../port/index.ts";
import type { Drive, Inserted, MediumId } from "./medium.ts";

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
  #insertion: string;
  readonly #drive: Drive;
  readonly #options: PresenceOptions;
  readonly #listeners: Set<(change: PresenceChange) => void> = new Set();

  #store: Store | undefined;
  #looking: Promise<void> | undefined;
  #lookingNext: Promise<void> | undefined;
  #cancelNext: () => void = () => undefined;
  #closed = false;
  generation = 1;

  /** `store` is open on what is inserted. */
  constructor(drive: Drive, { medium, insertion }: Inserted, store: Store, options: PresenceOptions) {
    this.#drive = drive;
    this.id = medium;
    this.#insertion = insertion;
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

  /** Looks at the drive now, or again where a look is under way; resolves when the state is what the drive says. */
  look(): Promise<void> {
    if (this.#looking === undefined) return this.#begin();
    this.#lookingNext ??= this.#looking.then(() => {
      this.#lookingNext = undefined;
      return this.#begin();
    });
    return this.#lookingNext;
  }

  #begin(): Promise<void> {
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Ends the looking. The store, if there is one, is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext();
    await (this.#lookingNext ?? this.#looking);
    await this.#store?.close();
    this.#store = undefined;
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const found = await identifyWithin(this.#drive, this.#options);
    if (this.#closed) return;
    const isOurs = found?.medium === this.id;
    if (this.#store !== undefined && !(isOurs && found.insertion === this.#insertion)) this.#leave();
    if (this.#store === undefined && isOurs) await this.#enter(found);
  }

  #leave(): void {
    const left = this.#store as Store;
    this.#store = undefined;
    // The medium is out: whether its store can be closed cleanly concerns nobody any more.
    left.close().catch(() => undefined);
    this.#tell("out");
  }

  async #enter(found: Inserted): Promise<void> {
    const store = await openOn(this.#drive, found, this.#options);
    if (store === undefined) return;
    if (this.#closed) return await store.close();
    this.#store = store;
    this.#insertion = found.insertion;
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

/** A store on what is inserted; undefined when the drive held something else by then, or the store did not answer in time. */
export async function openOn(drive: Drive, inserted: Inserted, options: PresenceOptions): Promise<Store | undefined> {
  let store: Store;
  try {
    store = drive.open();
  } catch {
    // It has been taken out again: the next look tells.
    return undefined;
  }
  const root = await within(options, (signal) => store.root({ credential: superuser, signal }));
  const now = root === undefined ? undefined : await identifyWithin(drive, options);
  if (now?.medium === inserted.medium && now.insertion === inserted.insertion) return store;
  await store.close().catch(() => undefined);
  return undefined;
}

/** What the drive says is in; a drive that fails, or does not answer in time, holds nothing. */
export function identifyWithin(drive: Drive, options: PresenceOptions): Promise<Inserted | undefined> {
  return within(options, (signal) => drive.identify(signal));
}

/** The answer; undefined where it fails, or does not come before the deadline of a look. */
async function within<Answer>(
  { clock, lookDeadlineMs }: PresenceOptions,
  ask: (signal: CancelSignal) => Promise<Answer>,
): Promise<Answer | undefined> {
  const controller = cancelController();
  return await new Promise((resolve) => {
    const cancel = clock.after(lookDeadlineMs, () => {
      controller.abort();
      resolve(undefined);
    });
    const answer = (found: Answer | undefined): void => {
      cancel();
      resolve(found);
    };
    ask(controller.signal).then(answer, () => answer(undefined));
  });
}

export function noMedium(syscall: string, cause: Failure | undefined): Failure {
  const detail = "the medium is not in its drive";
  return new Failure("ENOMEDIUM", { syscall, detail, ...(cause === undefined ? {} : { cause }) });
}
