/** A memory server with keys lets nobody in without one that is good [S0.7]. */
import { expect, it } from "vitest";
import { superuser } from "../../../../src/port/index.ts";
import { MemoryKeys, MemoryServer, memoryStore } from "../../../../src/stores/memory/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { alice, bob } from "../../../kit/memory-volume.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

it("[S0.7] lets in who has a good key of his own, and the superuser", async () => {
  const clock = new VirtualClock();
  const keys = new MemoryKeys(clock);
  const store = memoryStore(new MemoryServer({ clock, keys, rootMode: 0o777 }), { readsAtOnce: true });
  const ask = (credential: typeof alice) => store.root(callAs(credential)).then(() => "let in", refusalOf);
  const key = keys.issue(alice, 1_000);
  expect(await ask(superuser)).toBe("let in");
  expect(await ask(alice)).toBe("ENOKEY");
  expect(await ask({ ...bob, key: key.key } as typeof bob)).toBe("ENOKEY");
  expect(await ask(key)).toBe("let in");
  const { node } = await store.createFile((await store.root(callAs(key))).node, "file", 0o600, callAs(key));
  expect(store.tryRead?.(node, 0, [new Uint8Array(1)], key)).toBeDefined();
  await clock.advance(1_000);
  expect(await ask(key)).toBe("EKEYEXPIRED");
  expect(store.tryRead?.(node, 0, [new Uint8Array(1)], key)).toBeUndefined();
  const second = keys.issue(alice, 1_000);
  expect(await ask(second)).toBe("let in");
  keys.revoke(second);
  expect(await ask(second)).toBe("EKEYREVOKED");
});

function refusalOf(thrown: unknown): string {
  return (thrown as { code: string }).code;
}
