/**
 * The credentials of a volume that run out, and whose keys may stand in for whose (S5.6, S5.7). Every operation that goes to
 * the store passes here: it is sent under the newest credential of its id, and once more where the store called that one
 * expired and a newer one could be had. Bytes that are refused for want of a permission go on to the user's other keys, where
 * rotating was chosen.
 *
 * Invariants
 *   I1  An operation goes under a credential of the id that it was asked with; only a write, and only when rotating, under
 *       another one, of the same user.
 *   I2  At most `idleKeysMax` keys are remembered that nobody uses; the one met longest ago makes room.
 */
import {
  type CancelSignal,
  type Clock,
  cancelController,
  endedWithin,
  Failure,
  failureFrom,
} from "../../base/index.ts";
import { classify, interruptible } from "../../cache/index.ts";
import type { Call, Credential, CredentialSource } from "../../port/index.ts";
import type { CredentialOptions, KeysOfUser } from "./credential-options.ts";
import { Key, type KeyTerms } from "./key.ts";

const idleKeysMax = 1_024;
/** So many other keys of a user are tried. */
const rotationsMax = 16;

export interface KeyringListener {
  /** What was written under this credential should be sent now, for it ends soon. */
  readonly closing: (credential: Credential) => void;
  readonly renewalFailed: (credential: Credential, failure: Failure) => void;
}

export class Keyring implements CredentialSource {
  readonly #options: CredentialOptions;
  readonly #terms: KeyTerms;
  /** By credential id, in the order they were met. */
  readonly #keys = new Map<string, Key>();
  #listener: KeyringListener | undefined;

  constructor(clock: Clock, options: CredentialOptions) {
    this.#options = options;
    this.#terms = {
      clock,
      options,
      closing: (credential) => this.#listener?.closing(credential),
      renewalFailed: (credential, failure) => this.#listener?.renewalFailed(credential, failure),
    };
  }

  /** Whether operations may go under another credential than the one they were asked with. */
  get isSource(): boolean {
    return this.#options.refreshCredential !== undefined || this.#options.credentialChoice === "rotate";
  }

  listen(listener: KeyringListener): void {
    this.#listener = listener;
  }

  /** The key of a handle, which it gives back with `unuse`; null for a credential that never ends. */
  use(credential: Credential): Key | null {
    const key = this.#find(credential) ?? null;
    key?.use();
    return key;
  }

  close(): void {
    for (const key of this.#keys.values()) key.close();
  }

  tryNewest(credential: Credential): Credential | undefined {
    const key = this.#find(credential);
    return key === undefined ? credential : key.tryNewest();
  }

  async perform<Result>(
    syscall: string,
    call: Call,
    operation: (credential: Credential) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await this.#performRenewing(syscall, call, operation);
    } catch (thrown) {
      const { keysOfUser } = this.#options;
      const mayRotate = this.#options.credentialChoice === "rotate" && syscall === "write" && keysOfUser !== undefined;
      if (!mayRotate || !isPermission(thrown) || call.signal.aborted) throw thrown;
      return await this.#rotate(syscall, call, operation, keysOfUser, failureFrom(thrown));
    }
  }

  /** Under the newest credential of this id, and once more when that one turns out to be expired. */
  async #performRenewing<Result>(
    syscall: string,
    { credential, signal }: Call,
    operation: (credential: Credential) => Promise<Result>,
  ): Promise<Result> {
    const key = this.#find(credential);
    const good = key === undefined ? credential : await key.newest(signal);
    requireWanted(signal, syscall);
    try {
      return await operation(good);
    } catch (thrown) {
      if (failureFrom(thrown).code !== "EKEYEXPIRED" || signal.aborted) throw thrown;
      const refused = this.#findOrAdd(credential);
      const renewed = await refused.refused(good, signal);
      if (renewed === undefined) throw alsoFailed(failureFrom(thrown), syscall, refused.whyNotRenewed, thrown);
      requireWanted(signal, syscall);
      return await operation(renewed);
    }
  }

  /** Sends refused bytes under the user's other keys, until one of them is let in; else it is as refused as before. */
  async #rotate<Result>(
    syscall: string,
    { credential, signal }: Call,
    operation: (credential: Credential) => Promise<Result>,
    keysOfUser: KeysOfUser,
    refused: Failure,
  ): Promise<Result> {
    const { user } = credential;
    if (user === undefined) throw refused;
    const tried = new Set([credential.id]);
    for (const other of await this.#otherKeys(keysOfUser, user, signal, refused)) {
      if (tried.has(other.id) || tried.size > rotationsMax) continue;
      tried.add(other.id);
      requireWanted(signal, syscall);
      try {
        return await this.#performRenewing(syscall, { credential: other, signal }, operation);
      } catch (thrown) {
        if (!isPermission(thrown) || signal.aborted) throw thrown;
      }
    }
    throw refused;
  }

  async #otherKeys(
    keysOfUser: KeysOfUser,
    user: string,
    signal: CancelSignal,
    refused: Failure,
  ): Promise<readonly Credential[]> {
    const { clock } = this.#terms;
    const { refreshDeadlineMs } = this.#options;
    const call = cancelController();
    let keys: readonly Credential[] = [];
    let cause: unknown;
    const answered = askForKeys(keysOfUser, user, call.signal).then(
      (answer) => {
        keys = answer;
      },
      (thrown) => {
        cause = thrown ?? new Error("for no reason");
      },
    );
    if (!(await interruptible(endedWithin(clock, refreshDeadlineMs, answered), signal))) {
      call.abort();
      throw alsoFailed(refused, "write", `keysOfUser did not answer for ${user} in ${refreshDeadlineMs} ms`, refused);
    }
    if (cause !== undefined) throw alsoFailed(refused, "write", `keysOfUser failed for ${user}`, cause);
    if (keys.some((key) => key.user !== user)) {
      throw alsoFailed(refused, "write", `keysOfUser gave a key that is not of ${user}; none was used`, refused);
    }
    return keys;
  }

  #find(credential: Credential): Key | undefined {
    const known = this.#keys.get(credential.id);
    if (known === undefined) return credential.expiresAtMs === undefined ? undefined : this.#findOrAdd(credential);
    known.offer(credential);
    return known;
  }

  #findOrAdd(credential: Credential): Key {
    const known = this.#keys.get(credential.id);
    if (known !== undefined) return known;
    this.#makeRoom();
    const key = new Key(credential, this.#terms);
    this.#keys.set(credential.id, key);
    return key;
  }

  #makeRoom(): void {
    if (this.#keys.size < idleKeysMax) return;
    for (const [id, key] of this.#keys) {
      if (key.isInUse) continue;
      this.#keys.delete(id);
      return;
    }
  }
}

/** One that throws at once is one that fails. */
async function askForKeys(keysOfUser: KeysOfUser, user: string, signal: CancelSignal): Promise<readonly Credential[]> {
  return await keysOfUser(user, signal);
}

function isPermission(thrown: unknown): boolean {
  return classify(failureFrom(thrown)) === "permission";
}

function requireWanted(signal: CancelSignal, syscall: string): void {
  if (signal.aborted) throw new Failure("EINTR", { syscall });
}

function alsoFailed({ code }: Failure, syscall: string, detail: string, cause: unknown): Failure {
  return new Failure(code, { syscall, detail, cause });
}
