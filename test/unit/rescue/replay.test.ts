/** Replaying parked bytes, cut short at every instant: what is not on the medium yet comes there the next time, in order. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { openRescue, type Rescue, replay } from "../../../src/rescue/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { alice, contentAt, rewriteAt } from "../../kit/memory-volume.ts";
import { keep, type RescueStage, refusedText, rescueStage } from "../../kit/rescue-stage.ts";

const call = callAs(alice);
const url = "medium:one";
let refusals = 0;

interface Scene {
  readonly stage: RescueStage;
  readonly rescue: Rescue;
  readonly store: Store;
  readonly node: string;
  readonly base: string;
}

/** A file of nine bytes on a medium. */
async function scene(stage: RescueStage): Promise<Scene> {
  const store = memoryStore(new MemoryServer({ rootMode: 0o777 }));
  const { node: root } = await store.root(call);
  const { node } = await store.createFile(root, "file", 0o644, call);
  const { attributes } = await store.write(node, 0, [Buffer.from(".........")], undefined, call);
  return { stage, rescue: await stage.open({ storeUrl: url }), store, node, base: attributes.version };
}

function park({ rescue, node, base }: Scene, offset: number, bytes: string, found = base): Promise<string> {
  refusals += 1;
  const refusedAtNs = 1_795_264_496_000_000_000n + BigInt(refusals) * 1_000_000_000n;
  const failure = new Failure("ENOMEDIUM", { syscall: "write" });
  const about = {
    node,
    path: "/file",
    baseVersion: base,
    foundVersion: found,
    refusedAtNs,
    failure,
    refusalClass: "media",
  } as const;
  return keep(rescue, refusedText({ [offset]: bytes }, about));
}

/** A store over another that does as the other does until `isCut` says so of the next call, which then fails, before or after. */
function cutShort(store: Store, isCut: (name: string) => "before" | "after" | undefined): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        const cut = isCut(String(name));
        if (cut === "before") throw new Failure("ENOMEDIUM", {});
        const answer: unknown = await Reflect.apply(member, target, parameters);
        if (cut === "after") throw new Failure("ENOMEDIUM", {});
        return answer;
      };
    },
  });
}

it("[S1.10] entries of one file are replayed in their order, over each other's bytes", async () => {
  await using stage = await rescueStage();
  const at = await scene(stage);
  await park(at, 0, "aaa");
  await park(at, 2, "bbb");
  // While it was out the medium was thought to be at a version that a lost write had made.
  const later = { ...at, base: "lost" };
  await park(at, 4, "ccc", later.base);
  await park(later, 6, "ddd");
  const replayed = await replay(at.rescue, at.store, url);
  expect(replayed.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined, undefined]);
  expect(await contentAt(at.store, "/file")).toBe("aabbccddd");
  expect(await at.rescue.list()).toEqual([]);
});

it("[S1.10] [S5.2] a replay that the medium's absence cuts short, at any call, goes on at the next", async () => {
  for (const cut of ["before", "after"] as const) {
    for (let count = 1; ; count++) {
      await using stage = await rescueStage();
      const at = await scene(stage);
      await park(at, 0, "aaa");
      await park(at, 2, "bbb");
      let calls = 0;
      const cutting = cutShort(at.store, (name) => {
        calls += 1;
        // What has changed the file although it failed leaves a version that nobody has been told.
        return calls === count && !(cut === "after" && name === "write") ? cut : undefined;
      });
      await replay(at.rescue, cutting, url);
      expect(await replay(at.rescue, at.store, url)).not.toContainEqual(
        expect.objectContaining({ failure: expect.anything() as unknown }),
      );
      expect(await contentAt(at.store, "/file"), `${cut} call ${count}`).toBe("aabbb....");
      expect(await at.rescue.list()).toEqual([]);
      if (calls < count) break;
    }
  }
});

it("[S1.10] [S5.2] what was replayed and not noted, for the process was killed, is known by its bytes", async () => {
  await using stage = await rescueStage();
  const at = await scene(stage);
  const id = await park(at, 0, "aaa");
  await rewriteAt(at.store, "/file", "aaa......");
  expect(await replay(at.rescue, at.store, url)).toMatchObject([{ id, failure: undefined, version: undefined }]);
  expect(await at.rescue.list()).toEqual([]);
});

it("[S1.10] [S5.3] what was told to follow is durable: another process replays it", async () => {
  await using stage = await rescueStage();
  const at = await scene(stage);
  const first = await park(at, 0, "aaa");
  const second = await park(at, 2, "bbb");
  await at.rescue.restore(first, at.store, { discard: true, before: second });
  await at.rescue.close();
  await using another = await openRescue(stage.directory);
  expect(await another.fateOf(second)).toBe("kept");
  expect(await replay(another, at.store, url)).toMatchObject([{ id: second, failure: undefined }]);
  expect(await contentAt(at.store, "/file")).toBe("aabbb....");
});

it("[S1.10] what others changed meanwhile is not written over, by the first or by those after it", async () => {
  await using stage = await rescueStage();
  const at = await scene(stage);
  await park(at, 0, "aaa");
  await park(at, 2, "bbb");
  await rewriteAt(at.store, "/file", "others'");
  const replayed = await replay(at.rescue, at.store, url);
  expect(replayed.map(({ failure }) => failure?.code)).toEqual(["ESTALE", "ESTALE"]);
  expect(await contentAt(at.store, "/file")).toBe("others'");
  expect(await at.rescue.list()).toHaveLength(2);
});
