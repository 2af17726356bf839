/**
 * Mounts a volume on a directory and serves it from this thread until it is unmounted, from here or from outside.
 *
 *   attaching --INIT agreed--> mounted --unmount, from here or outside--> ending --everything given back--> ended
 *
 * I1 Once `ended` has settled, all threads of the mount are gone, its descriptor is closed, and the volume holds nothing on
 *    the kernel's behalf. The volume itself stays open, with whatever it has not sent yet.
 * I2 A mount whose kernel can no longer be told of changes is not served any longer.
 */
import { type ByteCount, type Clock, Failure, type Milliseconds, systemClock } from "../base/index.ts";
import type { Volume, VolumeInvalidation } from "../files/index.ts";
import { Device } from "./device/device.ts";
import { Pump } from "./device/pump.ts";
import { RequestReader } from "./device/request-reader.ts";
import { handlers } from "./dispatch/table.ts";
import { type Attachment, attach } from "./mount/attachment.ts";
import { raiseReadAhead } from "./mount/read-ahead.ts";
import { Notifier } from "./notifier/notifier.ts";
import { type MountLog, noLog } from "./session/mount-log.ts";
import { Session } from "./session/session.ts";

export interface MountOptions {
  /** Shown as the source of the mount, in place of a device. Default "holdfast". */
  readonly source?: string;
  /** Whether other users may use the mount. Default: only when this process is root. */
  readonly allowOther?: boolean;
  readonly readOnly?: boolean;
  /** How long the kernel believes attributes and names without asking. Default: as long as the volume does. */
  readonly kernelTimeoutMs?: Milliseconds;
  /** How far the kernel reads ahead, where it lets that be set. Default 4 MiB: measured best up to there. */
  readonly kernelReadAheadBytes?: ByteCount;
  /**
   * How long the engine thread asks again and again for the next request before it sleeps, or three times as long where that is what
   * requests take; 0 turns that off.
   */
  readonly spinMs?: Milliseconds;
  readonly log?: MountLog;
  readonly clock?: Clock;
}

export interface MountCounters {
  /** Requests by opcode. */
  readonly requests: Readonly<Record<string, number>>;
  /** Answers that were errors, by code; what the store refused is told by the volume. */
  readonly errorsAnswered: Readonly<Record<string, number>>;
  readonly readBytes: ByteCount;
  readonly writtenBytes: ByteCount;
  /** Writes whose frames the cache took without a copy. */
  readonly adoptedWrites: number;
  readonly malformed: number;
  readonly interrupts: number;
  readonly waiting: number;
  readonly openHandles: number;
  readonly nodesHeldByKernel: number;
  readonly notificationsWritten: number;
  readonly notificationsFailed: number;
  readonly spins: number;
  readonly spinsThatPaid: number;
  readonly sleeps: number;
}

export interface Mount extends AsyncDisposable {
  /** Where the volume is mounted, free of symbolic links. */
  readonly directory: string;
  readonly counters: MountCounters;
  /** Settles when the mount is gone, however that came about; rejects when the kernel could not be served. */
  readonly ended: Promise<void>;
  /**
   * Unmounts: EBUSY while files are open. With `force` the mount goes at once, and programs that use it get errors. Bytes
   * not sent yet stay with the volume either way.
   */
  unmount(options?: { readonly force?: boolean }): Promise<void>;
}

const spinMsDefault: Milliseconds = 0.05;
const readAheadBytesDefault: ByteCount = 4 << 20;
/** How long the kernel may take to begin, and to end after an unmount. */
const kernelMsMax: Milliseconds = 10_000;

/** Mounts; resolves when the kernel has agreed and the directory can be used. */
export async function mountVolume(volume: Volume, directory: string, options: MountOptions = {}): Promise<Mount> {
  const attachment = await attach(directory, {
    source: options.source ?? "holdfast",
    allowOther: options.allowOther ?? process.geteuid?.() === 0,
    readOnly: options.readOnly ?? false,
  });
  const mounted = new MountedVolume(volume, attachment, options);
  await mounted.ready();
  const readAheadBytes = options.kernelReadAheadBytes ?? readAheadBytesDefault;
  if (!(await raiseReadAhead(attachment.directory, readAheadBytes))) {
    options.log?.("debug", "the kernel's read-ahead could not be set", { directory: attachment.directory });
  }
  return mounted;
}

class MountedVolume implements Mount {
  readonly directory: string;
  readonly ended: Promise<void>;
  readonly #attachment: Attachment;
  readonly #clock: Clock;
  readonly #device: Device;
  readonly #session: Session;
  readonly #pump: Pump;
  readonly #unsubscribe: () => void;
  readonly #agreed: Promise<void>;
  #notifier: Notifier | undefined;
  #ending = false;
  #settleEnded: { resolve: () => void; reject: (failure: Failure) => void } = { resolve: noLog, reject: noLog };
  #settleAgreed: { resolve: () => void; reject: (failure: Failure) => void } = { resolve: noLog, reject: noLog };

  constructor(volume: Volume, attachment: Attachment, options: MountOptions) {
    const log = options.log ?? noLog;
    const { descriptor } = attachment;
    this.directory = attachment.directory;
    this.#attachment = attachment;
    this.#clock = options.clock ?? systemClock;
    this.ended = new Promise((resolve, reject) => {
      this.#settleEnded = { resolve, reject };
    });
    this.ended.catch(noLog);
    this.#agreed = new Promise((resolve, reject) => {
      this.#settleAgreed = { resolve, reject };
    });
    const reader = new RequestReader(volume.snapshot().cache.pageSize);
    this.#device = new Device(descriptor, reader, {
      answerFailed: (errno) => log("error", "the kernel refused an answer", { errno }),
    });
    const notices = {
      content: (node: number, start: number, end: number | undefined) => this.#notifier?.content(node, start, end),
      attributes: (node: number) => this.#notifier?.attributes(node),
      entry: (parent: number, name: string) => this.#notifier?.entry(parent, name),
      mayBeStale: (node: number) => this.#notifier?.mayBeStale(node) ?? false,
    };
    const attributeTimeoutMs = options.kernelTimeoutMs ?? volume.attributeTimeoutMs;
    const entryTimeoutMs = options.kernelTimeoutMs ?? volume.entryTimeoutMs;
    const timeouts = { attributeTimeoutMs, entryTimeoutMs };
    const dependencies = { volume, channel: this.#device, notices, handlers, clock: this.#clock, log, timeouts };
    const session = new Session(dependencies, {
      ready: (agreement) => {
        this.#notifier = new Notifier(descriptor, agreement.has.has("HAS_EXPIRE_ONLY"), (failure) => {
          const fields = { why: String(failure.cause ?? failure.message) };
          log(
            "error",
            "the kernel can no longer be told of changes; rather than show old bytes, the mount ends",
            fields,
          );
          void this.#end(failure, true);
        });
        this.#settleAgreed.resolve();
      },
      over: (failure) => void this.#end(failure),
      answered: () => this.#pump.answered(),
      room: () => this.#pump.resume(),
    });
    this.#session = session;
    const server = {
      serve: () => session.serve(reader.request),
      get isWaiting() {
        return session.pending.count > 0;
      },
      get isTooBusy() {
        return session.pending.isFull;
      },
      ended: () => void this.#end(),
    };
    this.#pump = new Pump(this.#device, server, { spinMs: options.spinMs ?? spinMsDefault, clock: this.#clock });
    this.#unsubscribe = volume.events.on("invalidate", (change) => this.#invalidate(change));
  }

  /** Waits for INIT; a kernel that cannot be served is unmounted again. */
  async ready(): Promise<void> {
    try {
      await this.#within(this.#agreed, "the kernel did not begin");
    } catch (thrown) {
      await this.#attachment.detach(true).catch(noLog);
      await this.#end();
      throw thrown;
    }
  }

  get counters(): MountCounters {
    const { counters, open, pending, references } = this.#session;
    return {
      requests: counters.requests,
      errorsAnswered: counters.errorsAnswered,
      readBytes: counters.readBytes,
      writtenBytes: counters.writtenBytes,
      adoptedWrites: counters.adoptedWrites,
      malformed: counters.malformed,
      interrupts: counters.interrupts,
      waiting: pending.count,
      openHandles: open.count,
      nodesHeldByKernel: references.nodeCount,
      notificationsWritten: this.#notifier?.written ?? 0,
      notificationsFailed: this.#notifier?.failed ?? 0,
      spins: this.#pump.spins,
      spinsThatPaid: this.#pump.spinsThatPaid,
      sleeps: this.#pump.sleeps,
    };
  }

  async unmount(options: { readonly force?: boolean } = {}): Promise<void> {
    const force = options.force ?? false;
    if (!this.#ending) await this.#attachment.detach(force);
    if (force) await this.#end();
    else await this.#within(this.ended, "the kernel did not end the connection").catch(() => this.#end());
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ending) await this.unmount({ force: true });
  }

  /** What changed behind the kernel's back, as the volume reports it. */
  #invalidate(change: VolumeInvalidation): void {
    const notifier = this.#notifier;
    if (notifier === undefined) return;
    switch (change.what) {
      case "content":
        notifier.content(change.node.number, change.start, change.end);
        break;
      case "attributes":
        notifier.attributes(change.node.number);
        break;
      case "entry":
        notifier.entry(change.parent.number, change.name);
        break;
    }
  }

  /** With `detaching`, the mount goes too, and whoever uses it gets errors at once. */
  async #end(failure?: Failure, detaching = false): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#pump.stop();
    this.#unsubscribe();
    if (detaching) await this.#attachment.detach(true).catch(noLog);
    await this.#session.end();
    // A message that the kernel still makes wait would be let go by the close alone.
    await this.#within(this.#notifier?.stop() ?? Promise.resolve(), "the notifier did not end").catch(() =>
      this.#notifier?.abandon(),
    );
    this.#device.close();
    this.#settleAgreed.reject(failure ?? new Failure("ENOTCONN", { syscall: "mount", path: this.directory }));
    if (failure === undefined) this.#settleEnded.resolve();
    else this.#settleEnded.reject(failure);
  }

  async #within(promise: Promise<void>, otherwise: string): Promise<void> {
    let cancel: () => void = noLog;
    const late = new Promise<never>((_, reject) => {
      const failure = new Failure("ETIMEDOUT", { syscall: "mount", path: this.directory, detail: otherwise });
      cancel = this.#clock.after(kernelMsMax, () => reject(failure));
    });
    try {
      await Promise.race([promise, late]);
    } finally {
      cancel();
    }
  }
}
