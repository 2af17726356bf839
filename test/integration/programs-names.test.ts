import { expect, it } from "vitest";
import { MountedStore, run, runOwn, treeSums } from "../kit/mounted-store.ts";

it("[G25] names hold any bytes but `/` and NUL, up to 255 of them", async () => {
  await using mounted = await MountedStore.start("names");
  const count = await runOwn("names", ["make", mounted.point]);
  expect(Number(count)).toBeGreaterThan(700);
  await mounted.unmount();
  expect(await runOwn("names", ["check", mounted.store])).toBe(count);
  await mounted.mountAgain();
  expect(await runOwn("names", ["check", mounted.point])).toBe(count);
  await mounted.unmount();
});

it("[G16] [G25] paths of many long names, and odd symbolic links, are as on the directory itself", async () => {
  const script = [
    "set -e",
    "name=$(printf 'd%.0s' $(seq 200))",
    "top=$PWD",
    "for level in $(seq 15); do mkdir $name; cd -P $name; done",
    "echo deep > file",
    "cd $top",
    "ln -s nowhere dangling",
    "ln -s loop loop",
    "ln -s /etc/hostname outside",
    "ln -s ../../../../../../etc/hostname upwards",
    "ln -s \"$(printf 'x%.0s' $(seq 4000))\" long",
    "! cat loop 2>/dev/null",
    "! cat dangling 2>/dev/null",
  ].join("\n");
  await using mounted = await MountedStore.start("deep");
  await run("bash", ["-c", script], { directory: mounted.point });
  const plain = `${mounted.scratch}/plain`;
  await run("mkdir", [plain]);
  await run("bash", ["-c", script], { directory: plain });
  const seen = await treeSums(mounted.point);
  await mounted.unmount();
  expect(seen).toBe(await treeSums(plain));
  expect(await treeSums(mounted.store)).toBe(seen);
});
