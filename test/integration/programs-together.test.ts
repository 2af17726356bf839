import { readFile, stat } from "node:fs/promises";
import { expect, it } from "vitest";
import { MountedStore, run, runOwn } from "../kit/mounted-store.ts";

const processes = 10;
const stripesEach = 80;
const fileBytes = 1000 * stripesEach * processes;

function together(act: (self: number) => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: processes }, (_, self) => act(self)));
}

it.each(["write", "map"] as const)(
  "ten processes write stripes of one file at once by %s, each byte its own",
  async (how) => {
    await using mounted = await MountedStore.start(`stripes-${how}`, ["--cache-size", "4M", "--page-size", "16K"]);
    await run("truncate", ["-s", String(fileBytes), mounted.at("file")]);
    await together((self) => runOwn("stripes", [how, mounted.at("file"), String(self), String(processes)]));
    await runOwn("stripes", ["check", mounted.at("file"), String(processes)]);
    await mounted.unmount();
    await runOwn("stripes", ["check", mounted.inStore("file"), String(processes)]);
  },
);

it("ten processes append whole lines to one file at once, and none is lost or torn", async () => {
  await using mounted = await MountedStore.start("append");
  await together((self) => runOwn("stripes", ["append", mounted.at("log"), String(self), String(processes)]));
  const seen = await readFile(mounted.at("log"), "utf8");
  await mounted.unmount();
  const text = await readFile(mounted.inStore("log"), "utf8");
  expect(text).toBe(seen);
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(processes * stripesEach);
  const next = new Array<number>(processes).fill(0);
  for (const line of lines) {
    const [, self = "", number = ""] = /^(\d+) (\d+) x*\.$/.exec(line) ?? [];
    expect(number, line).toBe(String(next[Number(self)]));
    next[Number(self)] = Number(number) + 1;
  }
});

it("ten processes storm one directory, and what is left is what they left", async () => {
  await using mounted = await MountedStore.start("storm", ["--attribute-timeout", "100ms"]);
  await together((self) => runOwn("storm", [mounted.point, String(self)]));
  const list = (directory: string): Promise<string> =>
    run("sh", ["-c", "find . -mindepth 1 -printf '%y %n %p\\n' | sort"], { directory });
  const seen = await list(mounted.point);
  await mounted.unmount();
  expect(await list(mounted.store)).toBe(seen);
  const kept = Array.from({ length: processes }, (_, self) =>
    Array.from({ length: 10 }, (_, index) => {
      const round = index * 4;
      const linked = round % 8 === 4;
      const names = linked ? [`kept-${self}-${round}`, `link-${self}-${round}`] : [`kept-${self}-${round}`];
      return names.map((name) => `f ${names.length} ./${name}`);
    }),
  ).flat(2);
  const left = seen.trimEnd().split("\n");
  expect(left.filter((line) => !line.endsWith("/prize")).sort()).toEqual(kept.sort());
  expect(left.filter((line) => line.endsWith("/prize"))).toEqual(["f 1 ./prize"]);
  expect((await stat(mounted.inStore("prize"))).size).toBeGreaterThan(0);
});
