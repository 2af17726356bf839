/**
 * Counts the state transitions that a run takes, by listening in at the classes that make them, so that the ones never
 * taken are known. Listening is on while a run lasts, one run at a time.
 */
import { Page } from "../../src/cache/page/page.ts";
import type { PageTransition } from "../../src/cache/page/page-state.ts";
import { WriteRecord } from "../../src/cache/writeback/write-record.ts";
import type { Tallies } from "./timeline.ts";

let current: Tallies | undefined;

export function listenTo(tallies: Tallies | undefined): void {
  current = tallies;
}

const pageTransition = Page.prototype.transition;
Page.prototype.transition = function (this: Page, transition: PageTransition): void {
  const before = this.state;
  pageTransition.call(this, transition);
  current?.add(`page: ${before} ${transition} ${this.state}`);
};

type Method = (this: WriteRecord, ...given: unknown[]) => unknown;

/** A record changes its state in several methods. */
for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(WriteRecord.prototype))) {
  if (name === "constructor" || typeof value !== "function") continue;
  const method = value as Method;
  const listening: Method = function (this: WriteRecord, ...given) {
    const before = this.state;
    const result = Reflect.apply(method, this, given);
    if (this.state !== before) current?.add(`record: ${before} ${this.state}`);
    return result;
  };
  Object.defineProperty(WriteRecord.prototype, name, { value: listening });
}
