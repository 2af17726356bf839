import { expect, it } from "vitest";
import { MountedStore, run } from "../kit/mounted-store.ts";

const sizes = { sync: "24m", mmap: "12m", libaio: "16m" } as const;

interface FioReport {
  readonly jobs: readonly { readonly error: number; readonly read: { readonly io_bytes: number } }[];
}

/** The job of one engine: the same seed gives the same places and patterns, so a later run can verify an earlier one. */
function job(engine: keyof typeof sizes, file: string): string[] {
  return [
    "--name=verify",
    `--filename=${file}`,
    `--ioengine=${engine}`,
    `--size=${sizes[engine]}`,
    ...(engine === "libaio" ? ["--direct=1", "--iodepth=8", "--bs=4k"] : ["--bsrange=512-96k", "--blockalign=512"]),
    "--rw=randwrite",
    "--norandommap=0",
    "--verify=crc32c",
    "--verify_fatal=1",
    "--verify_state_save=0",
    "--randseed=4711",
    "--output-format=json",
  ];
}

/** Runs fio; answers with how many bytes it read and verified. */
async function verified(parameters: string[]): Promise<number> {
  const report = JSON.parse(await run("fio", parameters, { directory: "/", msMax: 90_000 })) as FioReport;
  expect(report.jobs.map((one) => one.error)).toEqual([0]);
  return report.jobs.reduce((sum, one) => sum + one.read.io_bytes, 0);
}

it.each(["sync", "mmap", "libaio"] as const)(
  "fio verifies random writes by the %s engine, also after a remount",
  async (engine) => {
    await using mounted = await MountedStore.start(`fio-${engine}`, ["--cache-size", "32M"]);
    const bytes = Number.parseInt(sizes[engine], 10) * 1024 * 1024;
    expect(await verified([...job(engine, mounted.at("file")), "--do_verify=1", "--end_fsync=1"])).toBe(bytes);
    await mounted.unmount();
    await mounted.mountAgain(["--cache-size", "32M"]);
    expect(await verified([...job(engine, mounted.at("file")), "--verify_only=1"])).toBe(bytes);
    await mounted.unmount();
    expect(await verified([...job(engine, mounted.inStore("file")), "--verify_only=1"])).toBe(bytes);
  },
);
