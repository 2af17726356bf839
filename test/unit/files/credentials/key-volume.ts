/** A volume over a memory server that lets nobody in without a key, a clock, and a hook that a test drives. */
import type { CancelSignal, Failure } from "../../../../src/base/index.ts";
import type { FileHandle, Volume, VolumeOptions, WritebackFailed } from "../../../../src/files/index.ts";
import type { Credential, Store } from "../../../../src/port/index.ts";
import { type KeyedCredential, MemoryKeys, type MemoryStoreOptions } from "../../../../src/stores/memory/index.ts";
import { alice, memoryVolume } from "../../../kit/memory-volume.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

/** One call of the hook, which waits for its answer. */
export interface HookCall {
  readonly credential: Credential;
  readonly signal: CancelSignal;
  readonly atMs: number;
  answer(credential: Credential | undefined): void;
  fail(thrown: unknown): void;
}

/** Answers each call with what `script` gives, or leaves it open where that is undefined. */
export class Hook {
  readonly calls: HookCall[] = [];
  /** How many calls were under way at once, at most. */
  runningMax = 0;
  #running = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** What every call does at once; left out, calls wait for the test. */
  script: ((call: HookCall) => void) | undefined;

  readonly refresh = (credential: Credential, signal: CancelSignal): Promise<Credential | undefined> => {
    this.#running += 1;
    this.runningMax = Math.max(this.runningMax, this.#running);
    return new Promise<Credential | undefined>((answer, fail) => {
      const call = { credential, signal, atMs: this.#clock.nowMs(), answer, fail };
      this.calls.push(call);
      this.script?.(call);
    }).finally(() => {
      this.#running -= 1;
    });
  };
}

export interface KeyVolume extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly keys: MemoryKeys;
  /** Another client of the server, for the superuser. */
  readonly other: Store;
  readonly hook: Hook;
  readonly rescue: RescueInMemory;
  readonly volume: Volume;
  readonly failures: WritebackFailed[];
  readonly renewalFailures: Failure[];
  /** Alice's first key. */
  readonly key: KeyedCredential;
  /** /file, of five bytes "first", open for reading and writing under that key. */
  readonly file: FileHandle;
}

/** Notes who asks a store for what, as `name credential`. */
export function noting(notes: string[], nameOf: (credential: Credential) => string): (store: Store) => Store {
  return (store) =>
    new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const call = args.at(-1) as { credential?: Credential } | undefined;
          if (call?.credential !== undefined) notes.push(`${String(name)} ${nameOf(call.credential)}`);
          return (member as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
}

export const minute = 60_000;

/** Without a hook if `hooked` is false; the key of Alice lives for ten minutes. */
export async function keyVolume(
  options: VolumeOptions = {},
  hooked = true,
  store: MemoryStoreOptions = {},
): Promise<KeyVolume> {
  const clock = new VirtualClock();
  const keys = new MemoryKeys(clock);
  const hook = new Hook(clock);
  const rescue = new RescueInMemory();
  const place = await memoryVolume({
    clock,
    server: { keys },
    store,
    volume: { rescue, ...(hooked ? { refreshCredential: hook.refresh } : {}), ...options },
  });
  const { volume, other } = place;
  const failures: WritebackFailed[] = [];
  const renewalFailures: Failure[] = [];
  volume.events.on("writebackFailed", (failed) => failures.push(failed));
  volume.events.on("renewalFailed", ({ failure }) => renewalFailures.push(failure));
  const key = keys.issue({ ...alice, user: "alice" }, 10 * minute);
  await volume.promisesFor(key).writeFile("/file", "first");
  const file = await volume.open("/file", "r+", { credential: key });
  return {
    clock,
    keys,
    other,
    hook,
    rescue,
    volume,
    failures,
    renewalFailures,
    key,
    file,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
    },
  };
}
