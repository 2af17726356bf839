/** What the cache knows of a store: nothing but the port. Ids and versions are passed on unread, locks are its own affair. */
import { expect, test } from "vitest";
import type { Store, Version } from "../../../../src/port/index.ts";
import { asSuperuser, bytesAtStore, cachedFile } from "../../../kit/cached-file.ts";
import { bytesOf, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";

/** The store with versions that say the same in other words, as long and odd as versions of other servers. */
function withOddVersions(inner: Store): Store {
  const head = `W/"${"\u0000é".repeat(50)}`;
  const oddly = (version: Version): Version => `${head}${version}`;
  // The first version is told by the server itself.
  let first: Version | undefined;
  const plainly = (version: Version | undefined): Version | undefined => {
    first ??= version;
    return version?.replace(head, "");
  };
  const met = (previous: Version): Version => (previous === first ? previous : oddly(previous));
  const translate = (answer: unknown): unknown => {
    if (typeof answer !== "object" || answer === null) return answer;
    if ("attributes" in answer) return { ...answer, attributes: translate(answer.attributes) };
    const { version, previous } = answer as { version?: Version; previous?: Version };
    if (version === undefined) return answer;
    return { ...answer, version: oddly(version), ...(previous === undefined ? {} : { previous: met(previous) }) };
  };
  return new Proxy(inner, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        if (name === "write") parameters[3] = plainly(parameters[3] as Version | undefined);
        return translate(await member.apply(target, parameters));
      };
    },
  });
}

test("[S1.8] pages have the same states and bytes over a store with other versions", async () => {
  const histories: unknown[][] = [];
  for (const wrap of [(store: Store) => store, withOddVersions]) {
    const file = await cachedFile({ readaheadBytesMax: 0 }, wrap);
    const history: unknown[] = [];
    const note = (): void => {
      const page = file.space.pages.get(0);
      const { state, valid, dirty } = page ?? { state: "absent", valid: undefined, dirty: undefined };
      history.push([state, valid?.byteCount, dirty?.byteCount, file.space.size, file.space.dirtyBytes]);
    };
    for (const step of [
      () => file.space.write(0, bytesOf(3000, 1), asSuperuser),
      () => file.space.sync(asSuperuser),
      () => file.space.write(100, bytesOf(100, 2), asSuperuser),
      () => file.space.sync(asSuperuser),
      () => file.space.truncate(1000, asSuperuser),
      () => file.space.invalidate(0, pageSize, asSuperuser),
      () => readBack(file.space, 0, pageSize),
    ]) {
      await step();
      note();
    }
    expect(file.failures).toEqual([]);
    histories.push([...history, await bytesAtStore(file), await readBack(file.space, 0, pageSize)]);
  }
  expect(histories[1]).toEqual(histories[0]);
});

test("[S1.9] a store is given the frames of several locked pages with one call, in ascending order", async () => {
  const file = await storedFile(bytesOf(6 * pageSize, 7), { readaheadBytesMax: 0 });
  file.gates.close("read");
  const reading = readBack(file.space, 0, 2 * pageSize);
  const read = await file.gates.arrived("read", 1);
  expect(read).toMatchObject({ offset: 0, byteCount: 2 * pageSize });
  const pages = [0, 1].map((index) => file.space.pages.get(index));
  expect(pages.map((page) => page?.locked)).toEqual([true, true]);
  expect(read.frames).toEqual(pages.map((page) => page?.frame));
  file.gates.open("read");
  await reading;
  expect(pages.map((page) => page?.locked)).toEqual([false, false]);
});
