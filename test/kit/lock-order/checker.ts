/**
 * The checker of the lock order (docs/locking.md), for tests: looks on as tasks ask for things, have them and let them go,
 * and notes each breach with the path that broke it. Who asks is known through asynchronous code by AsyncLocalStorage.
 *
 * Words. A *breach* is a wait that the order does not allow, a wait in a circle, or a task that ends with something in its
 * hands. What is asked for outside of any task is nobody's in particular: it blocks others, and is held to no order.
 *
 * Each rule, by the name that a breach has:
 *   order     a holder waits for something that no edge leads to
 *   ascending page locks are taken in ascending index
 *   own       nobody waits for what he has himself, his own write-back before all (S0.21)
 *   circle    everyone in a ring waits for the next
 *   kept      a task ends and still has something
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type LockMode, type LockWitness, witnessLocks } from "../../../src/cache/lock/lock-witness.ts";
import { Page } from "../../../src/cache/page/page.ts";
import { documentedName, waitsAllowedFor } from "./order.ts";
import { type Claim, Task } from "./task.ts";

/** One for all checkers: each storage costs something at every promise, for ever. */
const running: AsyncLocalStorage<Task> = new AsyncLocalStorage();

export interface Breach {
  readonly rule: "order" | "ascending" | "own" | "circle" | "kept";
  /** Who has what since where, and waits for what where. */
  readonly path: string;
}

export interface LockOrderOptions {
  /** Whether each claim remembers where it was made; it costs time. */
  readonly stacks?: boolean;
}

/** Thrown for the first breach, with the path that broke the order; it names places when stacks were kept. */
export class LockOrderBroken extends Error {
  override readonly name = "LockOrderBroken";
}

/** A claim's own places lie below those of the locks, and with points at each await below those of the points. */
const stackLines = 40;

export class LockOrderChecker implements LockWitness {
  readonly breaches: Breach[] = [];
  /** How many claims were looked at: a check that saw none checked nothing. */
  claimCount = 0;

  readonly #stacks: boolean;
  readonly #holds: Map<object, Set<Claim>> = new Map();
  readonly #asks: Map<object, Set<Claim>> = new Map();
  #lastSerial = 0;

  constructor(options: LockOrderOptions = {}) {
    this.#stacks = options.stacks ?? true;
  }

  /** Does what somebody in the test does, under his name. */
  actor<Result>(name: string, work: () => Result): Result {
    return this.task(name, false, work);
  }

  task<Result>(name: string, isAwaited: boolean, work: () => Result): Result {
    this.#lastSerial += 1;
    const task = new Task(name, this.#lastSerial, isAwaited ? running.getStore() : undefined);
    const result = running.run(task, work);
    const end = (): void => this.#end(task);
    if (result instanceof Promise) result.then(end, end);
    else end();
    return result;
  }

  asks(kind: string, what: object, mode: LockMode): void {
    const ask = this.#claim(kind, what, mode);
    this.#checkOrder(ask);
    ask.task.asks.add(ask);
    add(this.#asks, ask);
    const circle = this.#circleFrom(ask);
    if (circle !== undefined) this.#note("circle", circle.map((claim) => this.#describe(claim)).join("\n"));
  }

  stopsAsking(what: object): void {
    const ask = this.#own(this.#asks.get(what));
    if (ask === undefined) return;
    ask.task.asks.delete(ask);
    remove(this.#asks, ask);
  }

  has(kind: string, what: object, mode: LockMode): void {
    const hold = this.#claim(kind, what, mode);
    if (what instanceof Page) this.#checkPage(hold, what, false);
    hold.task.holds.add(hold);
    add(this.#holds, hold);
  }

  letsGo(what: object): void {
    const hold = this.#own(this.#holds.get(what));
    if (hold === undefined) return;
    hold.task.holds.delete(hold);
    remove(this.#holds, hold);
  }

  /** Throws the first breach, if there was any. */
  check(): void {
    const first = this.breaches[0];
    if (first === undefined) return;
    throw new LockOrderBroken(`${this.breaches.length} breaches of the lock order. ${explain(first)}`);
  }

  /** Who waits for what now, and who has it: for the report when nothing moves any more. */
  waits(): string {
    const lines: string[] = [];
    for (const asks of this.#asks.values()) {
      for (const ask of asks) {
        lines.push(this.#describe(ask));
        for (const hold of this.#holds.get(ask.what) ?? []) lines.push(`  ${this.#describe(hold)}`);
      }
    }
    return lines.join("\n");
  }

  #claim(kind: string, what: object, mode: LockMode): Claim {
    this.claimCount += 1;
    this.#lastSerial += 1;
    const task = running.getStore() ?? new Task("somebody", this.#lastSerial, undefined);
    return { task, kind, what, mode, serial: this.#lastSerial, at: this.#stacks ? claimedHere() : undefined };
  }

  /** The running task's claim among those on one thing, or anybody's: a hold may be let go for another. */
  #own(claims: ReadonlySet<Claim> | undefined): Claim | undefined {
    if (claims === undefined) return undefined;
    const mine = running.getStore();
    let found: Claim | undefined;
    for (const claim of claims) {
      if (claim.task === mine) return claim;
      found ??= claim;
    }
    return found;
  }

  #checkOrder(ask: Claim): void {
    const asked = documentedName(ask.kind, ask.mode);
    for (const hold of ask.task.burden()) {
      if (hold.what === ask.what) {
        this.#note("own", this.#pathOf(hold, ask));
      } else if (ask.what instanceof Page && hold.what instanceof Page) {
        this.#checkPage(ask, ask.what, true);
      } else {
        const allowed = waitsAllowedFor(documentedName(hold.kind, hold.mode));
        if (allowed !== undefined && !allowed.has(asked)) this.#note("order", this.#pathOf(hold, ask));
      }
    }
  }

  /** Page locks ascend; and a page is not locked by whoever owns its write-back, waiting or not. */
  #checkPage(claim: Claim, page: Page, waits: boolean): void {
    for (const hold of claim.task.burden()) {
      if (hold.what instanceof Page && hold.what.owner === page.owner && hold.what.index >= page.index) {
        this.#note("ascending", this.#pathOf(hold, claim));
      }
      if (!waits && hold.what === page.sending?.collected) this.#note("own", this.#pathOf(hold, claim));
    }
  }

  /** The claims of a ring of waits that this one closes. */
  #circleFrom(ask: Claim): Claim[] | undefined {
    const seen = new Set<Claim>();
    const mine = new Set<Claim>(ask.task.burden());
    const follow = (waiting: Claim, path: Claim[]): Claim[] | undefined => {
      if (seen.has(waiting)) return undefined;
      seen.add(waiting);
      for (const blocker of this.#blockersOf(waiting)) {
        const longer = [...path, waiting, blocker];
        if (mine.has(blocker)) return longer;
        for (const next of blocker.task.waitsSince(blocker)) {
          const found = follow(next, longer);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    };
    return follow(ask, []);
  }

  /** Who has what this one waits for, or queues before it. */
  *#blockersOf(ask: Claim): Iterable<Claim> {
    for (const hold of this.#holds.get(ask.what) ?? []) if (excludes(hold, ask)) yield hold;
    for (const other of this.#asks.get(ask.what) ?? []) {
      if (other === ask) return;
      if (excludes(other, ask)) yield other;
    }
  }

  #end(task: Task): void {
    task.end();
    for (const hold of task.holds) this.#note("kept", this.#describe(hold));
  }

  #note(rule: Breach["rule"], path: string): void {
    this.breaches.push({ rule, path });
  }

  #pathOf(hold: Claim, ask: Claim): string {
    return `${this.#describe(hold)}\n${this.#describe(ask)}`;
  }

  #describe(claim: Claim): string {
    const { task, kind, what, mode, at } = claim;
    const verb = this.#holds.get(what)?.has(claim) === true ? "has" : "waits for";
    const name = what instanceof Page ? `${documentedName(kind, mode)} ${what.index}` : documentedName(kind, mode);
    return `${task.fullName} ${verb} ${name}${at === undefined ? "" : `\n${placesOf(at)}`}`;
  }
}

/** Looks on until it is disposed of, and throws then when the order was broken. */
export function watchLocks(options: LockOrderOptions = {}): LockOrderChecker & Disposable {
  const checker = new LockOrderChecker(options);
  witnessLocks(checker);
  return Object.assign(checker, {
    [Symbol.dispose]() {
      endWatch();
      checker.check();
    },
  });
}

/** Nobody looks on any more, and promises cost what they cost without. */
export function endWatch(): void {
  witnessLocks(null);
  running.disable();
}

function claimedHere(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = stackLines;
  const at = new Error("claimed");
  Error.stackTraceLimit = stackTraceLimit;
  return at;
}

function explain({ rule, path }: Breach): string {
  return `Rule "${rule}":\n${path}`;
}

function excludes(one: Claim, other: Claim): boolean {
  return one.mode === "alone" || other.mode === "alone";
}

function add(claims: Map<object, Set<Claim>>, claim: Claim): void {
  const known = claims.get(claim.what);
  if (known === undefined) claims.set(claim.what, new Set([claim]));
  else known.add(claim);
}

function remove(claims: Map<object, Set<Claim>>, claim: Claim): void {
  const known = claims.get(claim.what);
  known?.delete(claim);
  if (known?.size === 0) claims.delete(claim.what);
}

/** The lines of a stack that lie in the cache and the files rooms. */
function placesOf(at: Error): string {
  const lines = (at.stack ?? "").split("\n").filter((line) => /src\/(cache|files)\/(?!lock)/.test(line));
  return lines.slice(0, 4).join("\n");
}
