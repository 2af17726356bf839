/**
 * Whether a medium is in its drive. The drive is looked at now and then, and whenever an operation fails in a way that a
 * medium that has been taken out would explain.
 *
 *   in --- look: none in, or another one ---> out --- look: our own is back, opened, and prepared ---> in
 *   in --- look: our own, put in again meanwhile ---> out, and in at once
 *
 * Invariants
 *   I1  There is a store exactly while the medium is in; it was opened while the drive said that our own medium is in, by the
 *       same insertion before and after.
 *   I2  `generation` grows with each store that is opened; what was learnt of an earlier one means nothing to a later one.
 *   I3  At most one look is under way, and it began after whoever waits for it asked.
 */
import {
  type CancelController,
  type CancelSignal,
  type Clock,
  cancelController,
  Failure,
  type Milliseconds,
} from "../../base/index.ts";
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

/** What is done with a store that was opened on a medium that is back. */
export type Preparation = (store: Store, generation: number, signal: CancelSignal) => Promise<void>;

/** Where operations of a medium store get the medium's own store from. */
export interface MediumSource {
  readonly id: MediumId;
  /** Of the store of the moment. */
  readonly generation: number;
  readonly current: Store | undefined;
  /** The store of the medium; ENOMEDIUM while it is out. */
  store(syscall: string): Store;
  /** Looks at the drive now, or again where a look is under way; resolves when the state is what the drive says. */
  look(): Promise<void>;
  onChange(listener: (change: PresenceChange) => void): () => void;
  /** Ends the looking. The store, if there is one, is closed. */
  close(): Promise<void>;
}

export class Presence implements MediumSource {
  readonly id: MediumId;
  #insertion: string;
  readonly #drive: Drive;
  readonly #options: PresenceOptions;
  readonly #listeners: Set<(change: PresenceChange) => void> = new Set();

  #store: Store | undefined;
  #looking: Promise<void> | undefined;
  #lookingNext: Promise<void> | undefined;
  #cancelNext: () => void = () => undefined;
  readonly #closing: CancelController = cancelController();
  readonly #closed: Promise<void>;
  generation = 1;
  /** Done before anybody else gets the store. It is not waited for once all is closed; the signal fires then. */
  prepare: Preparation | undefined;

  /** `store` is open on what is inserted. */
  constructor(drive: Drive, { medium, insertion }: Inserted, store: Store, options: PresenceOptions) {
    this.#drive = drive;
    this.id = medium;
    this.#insertion = insertion;
    this.#store = store;
    this.#options = options;
    this.#closed = new Promise((resolve) => this.#closing.signal.addEventListener("abort", () => resolve()));
    this.#lookLater();
  }

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

  look(): Promise<void> {
    // One that waits has not begun yet, also where the one before it has just ended.
    if (this.#lookingNext !== undefined) return this.#lookingNext;
    if (this.#looking === undefined) return this.#begin();
    const next = (): Promise<void> => {
      this.#lookingNext = undefined;
      return this.#begin();
    };
    this.#lookingNext = this.#looking.then(next, next);
    return this.#lookingNext;
  }

  #begin(): Promise<void> {
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelNext();
    await (this.#lookingNext ?? this.#looking);
    await this.#store?.close();
    this.#store = undefined;
  }

  async #look(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const found = await identifyWithin(this.#drive, this.#options);
    if (this.#closing.signal.aborted) return;
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
    // A generation is never given twice, though its store may not come to be used.
    this.generation += 1;
    const isReady = await this.#prepare(store, found);
    if (!isReady || this.#closing.signal.aborted) return await store.close().catch(() => undefined);
    this.#store = store;
    this.#insertion = found.insertion;
    this.#tell("in");
  }

  /** Whether the medium is still in after what there was to do with it first. */
  async #prepare(store: Store, found: Inserted): Promise<boolean> {
    if (this.prepare === undefined) return true;
    const prepared = this.prepare(store, this.generation, this.#closing.signal).catch(() => undefined);
    await Promise.race([prepared, this.#closed]);
    const now = await identifyWithin(this.#drive, this.#options);
    return now?.medium === found.medium && now.insertion === found.insertion;
  }

  #tell(change: PresenceChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #lookLater(): void {
    this.#cancelNext = this.#options.clock.after(this.#options.lookEveryMs, () => {
      const next = (): void => {
        if (!this.#closing.signal.aborted) this.#lookLater();
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

/** The drive, which is asked nothing while it has not answered the question before: each may hold a thread until then. */
export function askedOneByOne(drive: Drive): Drive {
  let isAsked = false;
  const identify = async (signal: CancelSignal): Promise<Inserted | undefined> => {
    if (isAsked) return undefined;
    isAsked = true;
    try {
      return await drive.identify(signal);
    } finally {
      isAsked = false;
    }
  };
  return { ...(drive.marker === undefined ? {} : { marker: drive.marker }), identify, open: () => drive.open() };
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

/** A store that was opened on a medium, for whoever has it before it is everybody's. */
export function sourceOf(id: MediumId, store: Store, generation: number): MediumSource {
  return {
    id,
    generation,
    current: store,
    store: () => store,
    look: async () => undefined,
    onChange: () => () => undefined,
    close: async () => undefined,
  };
}

export function noMedium(syscall: string, cause: Failure | undefined): Failure {
  const detail = "the medium is not in its drive";
  return new Failure("ENOMEDIUM", { syscall, detail, ...(cause === undefined ? {} : { cause }) });
}
