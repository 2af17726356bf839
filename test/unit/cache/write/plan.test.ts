/** The plan of a write, row by row: what the page is like decides the verdict. */
import { describe, expect, test } from "vitest";
import { ByteRanges } from "../../../../src/base/index.ts";
import { Page, type Sending } from "../../../../src/cache/page/page.ts";
import { planWrite, type WriteInFlight } from "../../../../src/cache/write/plan.ts";
import { WriteRecord } from "../../../../src/cache/writeback/write-record.ts";
import type { Credential } from "../../../../src/port/index.ts";
import { alice, bob } from "../../../kit/gated-file.ts";

const owner = {
  serial: 1,
  removePage: (page: Page) => page.frame,
  pageReleased: () => undefined,
};

function page(changes: Partial<Page> = {}): Page {
  return Object.assign(new Page(owner, 0, new Uint8Array(4096)), changes);
}

function recordOf({ credential }: { readonly credential: Credential }): WriteRecord {
  return new WriteRecord(credential, 0, 100, 0);
}

function sending(frame: Uint8Array, who: typeof alice): Sending {
  const ranges = ByteRanges.of(0, 100);
  return { frame, ranges, record: recordOf(who), collected: Promise.resolve(), frameAbandoned: false };
}

function fragments(count: number, stride: number): ByteRanges {
  let ranges = ByteRanges.empty;
  for (let each = 0; each < count; each++) ranges = ranges.plus(each * stride, each * stride + 1);
  return ranges;
}

function verdict(subject: Page | undefined, start = 10, end = 20, inFlight: WriteInFlight = "copy"): string {
  return planWrite(subject, start, end, alice.credential.id, inFlight);
}

describe("the verdict on a write", () => {
  test("no page: create", () => {
    expect(verdict(undefined)).toBe("create");
  });

  test("a clean page, or one with the writer's own dirty bytes: modify", () => {
    expect(verdict(page())).toBe("modify");
    expect(verdict(page({ record: recordOf(alice), dirty: ByteRanges.of(0, 100) }))).toBe("modify");
  });

  test("a page that a fill owns: wait for it", () => {
    expect(verdict(page({ locked: true }))).toBe("waitForFill");
  });

  test("[S0.30] another credential's dirty bytes: flush them, also while some of them are in flight", () => {
    const conflicting = page({ record: recordOf(bob), dirty: ByteRanges.of(0, 100) });
    expect(verdict(conflicting)).toBe("flushConflict");
    conflicting.sending = sending(conflicting.frame, bob);
    expect(verdict(conflicting)).toBe("flushConflict");
  });

  test("[S0.30] another credential's bytes in flight: wait for them", () => {
    const subject = page();
    subject.sending = sending(subject.frame, bob);
    expect(verdict(subject)).toBe("waitForFlight");
  });

  test("[S3.9] the writer's own bytes in flight: copy the frame once, then modify the copy", () => {
    const subject = page();
    subject.sending = sending(subject.frame, alice);
    expect(verdict(subject)).toBe("copyOnWrite");
    subject.frame = new Uint8Array(4096);
    expect(verdict(subject)).toBe("modify");
  });

  test("many separate dirty ranges are flushed before one more, not before one that joins them", () => {
    const subject = page({ record: recordOf(alice), dirty: fragments(32, 10) });
    expect(verdict(subject, 1000, 1001)).toBe("flushFragments");
    expect(verdict(subject, 11, 15)).toBe("modify");
    expect(verdict(page({ record: recordOf(alice), dirty: fragments(31, 10) }), 1000, 1001)).toBe("modify");
  });

  test("many separate valid ranges are joined by reading before one more", () => {
    expect(verdict(page({ valid: fragments(64, 10) }), 1000, 1001)).toBe("fillFirst");
    expect(verdict(page({ valid: fragments(64, 10) }), 1, 10)).toBe("modify");
  });

  test("[S0.23] [S5.2] the last copy of refused bytes is frozen: it is copied, and written to no more than a flight is", () => {
    const frozen = page();
    frozen.unrescued = [{ sending: sending(frozen.frame, bob), shown: ByteRanges.of(0, 100) }];
    expect(verdict(frozen)).toBe("copyOnWrite");
    expect(frozen.isEvictable).toBe(false);
    frozen.frame = new Uint8Array(4096);
    expect(verdict(frozen)).toBe("modify");
  });

  test("[S3.1] the writer's own bytes in flight: a copy, or to wait where that is the choice; never for what stays frozen", () => {
    const subject = page();
    subject.sending = sending(subject.frame, alice);
    expect(verdict(subject)).toBe("copyOnWrite");
    expect(verdict(subject, 10, 20, "wait")).toBe("waitForFlight");
    subject.sending = null;
    subject.unrescued = [{ sending: sending(subject.frame, alice), shown: ByteRanges.of(0, 100) }];
    expect(verdict(subject, 10, 20, "wait")).toBe("copyOnWrite");
  });

  test("[S0.9] [S0.30] bytes of a rejected record that wait for a flight to land are waited for, also by their writer", () => {
    const record = recordOf(alice);
    record.advance("reject");
    const subject = page({ dirty: ByteRanges.of(0, 100), record });
    subject.sending = sending(subject.frame, alice);
    expect(verdict(subject)).toBe("waitForFlight");
  });
});
