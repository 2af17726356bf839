/** The small signal behaves as the platform's does, as far as the inner rooms use one. */
import { describe, expect, it } from "vitest";
import { type CancelController, CancelSource } from "../../../src/base/index.ts";

const kinds: readonly (readonly [string, () => CancelController])[] = [
  ["CancelSource", () => new CancelSource()],
  ["AbortController", () => new AbortController()],
];

describe.each(kinds)("a signal of %s", (_name, make) => {
  it("calls each listener once, and not the removed ones", () => {
    const controller = make();
    const heard: string[] = [];
    const first = (): void => void heard.push("first");
    const removed = (): void => void heard.push("removed");
    controller.signal.addEventListener("abort", first);
    controller.signal.addEventListener("abort", first);
    controller.signal.addEventListener("abort", removed, { once: true });
    controller.signal.removeEventListener("abort", removed);
    expect(controller.signal.aborted).toBe(false);
    controller.abort("why");
    controller.abort("again");
    expect(heard).toEqual(["first"]);
    expect(controller.signal.aborted).toBe(true);
    expect(controller.signal.reason).toBe("why");
  });

  it("calls nobody who comes after it fired", () => {
    const controller = make();
    controller.abort();
    let called = false;
    controller.signal.addEventListener("abort", () => {
      called = true;
    });
    controller.abort();
    expect(called).toBe(false);
  });

  it("leaves out a listener that an earlier one removed", () => {
    const controller = make();
    const heard: string[] = [];
    const second = (): void => void heard.push("second");
    controller.signal.addEventListener("abort", () => controller.signal.removeEventListener("abort", second));
    controller.signal.addEventListener("abort", second);
    controller.abort();
    expect(heard).toEqual([]);
  });
});

it("calls the other listeners when one throws, and passes the throw on", () => {
  const source = new CancelSource();
  const heard: string[] = [];
  source.addEventListener("abort", () => {
    throw new Error("mine");
  });
  source.addEventListener("abort", () => void heard.push("other"));
  expect(() => source.abort()).toThrow("mine");
  expect(heard).toEqual(["other"]);
});
