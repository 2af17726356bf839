/** A drive, and the stores of media that were taken out, that answer late or never. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { mediumInDrive, mediumWithFile } from "../../../kit/medium-in-drive.ts";
import { alice } from "../../../kit/memory-volume.ts";
import { TwoMedia } from "../../../kit/two-media.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const call = callAs(alice);
const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

/** Media whose stores answer one kind of operation when the test says so, and how. */
function lateStores(name: string): { media: TwoMedia; answers: ((answer: Promise<unknown>) => void)[] } {
  const media = new TwoMedia();
  const answers: ((answer: Promise<unknown>) => void)[] = [];
  const { open } = media.drive;
  media.drive.open = () => {
    const late = (): Promise<unknown> => new Promise((resolve) => answers.push(resolve));
    return new Proxy(open(), { get: (target, member) => (member === name ? late : Reflect.get(target, member)) });
  };
  return { media, answers };
}

describe("a medium store", () => {
  it("a drive that does not answer is asked one question at a time", async () => {
    const { media, clock, store } = await mediumInDrive();
    const answers: (() => void)[] = [];
    media.drive.identify = () => new Promise((resolve) => answers.push(() => resolve(undefined)));
    await clock.advance(60_000);
    expect(answers.length).toBe(1);
    answers[0]?.();
    await clock.advance(2_000);
    expect(answers.length).toBe(2);
    answers[1]?.();
    expect(store.isIn).toBe(false);
  });

  it("looks once at a time, also for who looks again as soon as one look has ended", async () => {
    const { media, store } = await mediumInDrive();
    const { identify } = media.drive;
    let underWay = 0;
    let most = 0;
    media.drive.identify = async (signal) => {
      most = Math.max(most, ++underWay);
      await settle();
      underWay--;
      return await identify(signal);
    };
    media.inside = undefined;
    await store.look();
    media.inside = "one";
    const changes: string[] = [];
    store.onChange((change) => changes.push(change));
    const twice = async (): Promise<void> => {
      await store.look();
      await store.look();
    };
    await Promise.all([twice(), store.look()]);
    expect([most, changes]).toEqual([1, ["in"]]);
  });

  it("[S1.10] whatever a store fails with that was left, the medium is out", async () => {
    const late = lateStores("write");
    const { media, clock, store, node } = await mediumWithFile({}, late.media);
    const write = store.write(node, 0, [text("x")], undefined, call);
    const failed = expect(write).rejects.toMatchObject({ code: "ENOMEDIUM" });
    await settle();
    media.inside = undefined;
    await clock.advance(1_000);
    late.answers[0]?.(Promise.reject(new Failure("EBADF")));
    await failed;
  });

  it("[G12] a change that an earlier store answered late is lost, and no other", async () => {
    const late = lateStores("setExtendedAttribute");
    const { media, clock, store, root, node } = await mediumWithFile({ commitAfterMs: 60_000 }, late.media);
    await store.commit(node, call);
    await store.commit(root, call);
    const change = store.setExtendedAttribute(node, "user.a", text("a"), "any", call);
    await settle();
    media.insertion += 1;
    await clock.advance(1_000);
    expect(store.isIn).toBe(true);
    const { node: other } = await store.createFile(root, "other", 0o644, call);
    late.answers[0]?.(Promise.resolve());
    await change;
    await store.commit(other, call);
    await expect(store.commit(node, call)).rejects.toMatchObject({ code: "EIO" });
    await store.commit(node, call);
  });

  it("[G30] makes names durable by itself although an earlier store never answered that", async () => {
    const late = lateStores("commit");
    const { media, clock, store } = await mediumInDrive({}, late.media);
    const { node: root } = await store.root(call);
    await store.makeDirectory(root, "one", 0o755, call);
    await clock.advance(1_000);
    expect(late.answers.length).toBe(1);
    media.insertion += 1;
    await clock.advance(1_000);
    expect(store.isIn).toBe(true);
    await store.makeDirectory(root, "two", 0o755, call);
    await clock.advance(1_000);
    expect(late.answers.length).toBe(2);
    const closing = store.close();
    await clock.advance(10_000);
    await closing;
  });

  it("[G30] is closed when what is pending is durable, or the medium does not answer in time", async () => {
    const late = lateStores("commit");
    const { clock, store } = await mediumInDrive({}, late.media);
    const { node: root } = await store.root(call);
    await store.makeDirectory(root, "one", 0o755, call);
    let isClosed = false;
    const closing = store.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect([late.answers.length, isClosed]).toEqual([1, false]);
    late.answers[0]?.(Promise.resolve());
    await settle();
    expect([late.answers.length, isClosed]).toEqual([2, false]);
    await clock.advance(10_000);
    await closing;
    expect(clock.timerCount).toBe(0);
  });
});
