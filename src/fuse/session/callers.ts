/**
 * Who asks: the credential behind a request. The header has user and group; supplementary groups are looked up in
 * /proc/PID/status, which asks no file system, and remembered for a short while, because a process may change them.
 * Credentials with the same rights are one object.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { Clock, Milliseconds } from "../../base/index.ts";
import { type Credential, posixCredential, superuser } from "../../port/index.ts";
import { supplementaryGroupsOf } from "../wire/extension.ts";
import type { Request } from "../wire/request.ts";

const rememberedMs: Milliseconds = 1_000;
const callersMax = 512;
const credentialsMax = 1_024;
const statusBytesMax = 16 * 1024;

interface Caller {
  readonly credential: Credential;
  readonly uid: number;
  readonly gid: number;
  readonly processId: number;
  readonly untilMs: Milliseconds;
}

/** Answers the supplementary groups of a process; undefined when it cannot be looked at. */
export type GroupLookup = (processId: number) => readonly number[] | undefined;

export class Callers {
  readonly #clock: Clock;
  readonly #groupsOf: GroupLookup;
  readonly #callers = new Map<number, Caller>();
  readonly #credentials = new Map<string, Credential>();
  #last: Caller | undefined;

  constructor(clock: Clock, groupsOf: GroupLookup = groupsOfProcess) {
    this.#clock = clock;
    this.#groupsOf = groupsOf;
  }

  /** The credential of the process that the header names. The superuser's groups say nothing, so they are not looked up. */
  credentialOf(request: Request): Credential {
    const uid = request.uid;
    const gid = request.gid;
    if (uid === 0 && gid === 0) return superuser;
    const processId = request.processId;
    const last = this.#last;
    if (last !== undefined && isCaller(last, uid, gid, processId) && this.#clock.nowMs() < last.untilMs) {
      return last.credential;
    }
    return this.#find(request, uid, gid, processId);
  }

  #find(request: Request, uid: number, gid: number, processId: number): Credential {
    const known = this.#callers.get(processId);
    if (known !== undefined && isCaller(known, uid, gid, processId) && this.#clock.nowMs() < known.untilMs) {
      this.#last = known;
      return known.credential;
    }
    const groups = uid === 0 ? [] : (this.#lookUp(processId) ?? supplementaryGroupsOf(request));
    const credential = this.#intern(uid, gid, groups);
    const caller: Caller = { credential, uid, gid, processId, untilMs: this.#clock.nowMs() + rememberedMs };
    this.#callers.delete(processId);
    makeRoom(this.#callers, callersMax);
    this.#callers.set(processId, caller);
    this.#last = caller;
    return credential;
  }

  /** The kernel names no process (0) for what it does by itself, and for processes it cannot name in our name space. */
  #lookUp(processId: number): readonly number[] | undefined {
    return processId === 0 ? undefined : this.#groupsOf(processId);
  }

  #intern(uid: number, gid: number, groups: readonly number[]): Credential {
    const others = [...new Set(groups)].filter((group) => group !== gid).sort((one, other) => one - other);
    const credential = posixCredential(uid, gid, others);
    const known = this.#credentials.get(credential.id);
    if (known !== undefined) return known;
    makeRoom(this.#credentials, credentialsMax);
    this.#credentials.set(credential.id, credential);
    return credential;
  }
}

function isCaller(caller: Caller, uid: number, gid: number, processId: number): boolean {
  return caller.processId === processId && caller.uid === uid && caller.gid === gid;
}

function makeRoom<Key, Value>(map: Map<Key, Value>, countMax: number): void {
  while (map.size >= countMax) {
    const oldest = map.keys().next();
    if (oldest.done === true) return;
    map.delete(oldest.value);
  }
}

const statusBytes = Buffer.alloc(statusBytesMax);

/** The `Groups:` line of /proc/PID/status. */
export function groupsOfProcess(processId: number): readonly number[] | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`/proc/${processId}/status`, "r");
    const length = readSync(descriptor, statusBytes, 0, statusBytesMax, 0);
    return parseGroups(statusBytes.toString("latin1", 0, length));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

export function parseGroups(status: string): readonly number[] | undefined {
  const line = /^Groups:\t(.*)$/m.exec(status)?.[1];
  return line === undefined ? undefined : line.split(" ").filter(Boolean).map(Number);
}
