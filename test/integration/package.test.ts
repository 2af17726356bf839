import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runProgram } from "../kit/command.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("opens every door that the package lists, and no other", async () => {
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { exports: object };
  const doors = Object.keys(exports).filter((door) => door !== "./package.json");
  expect(doors.length).toBeGreaterThan(5);
  const script = `
    for (const door of ${JSON.stringify(doors)}) {
      const names = Object.keys(await import(door.replace(".", "holdfast")));
      console.log(door, names.length > 0 ? "open" : "empty");
    }
    await import("holdfast/base").catch((error) => console.log(error.code));
  `;
  const finished = await runProgram(process.execPath, ["--input-type=module", "-e", script], { directory: root });
  expect(finished.stderr).toBe("");
  expect(finished.stdout.trim().split("\n")).toEqual([
    ...doors.map((door) => `${door} open`),
    "ERR_PACKAGE_PATH_NOT_EXPORTED",
  ]);
});

it("runs the README's example as it stands there", async () => {
  const scratch = await scratchDirectory("package");
  const store = join(scratch, "store");
  await mkdir(store);
  const readme = await readFile(join(root, "README.md"), "utf8");
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  expect(example).toContain('directoryStore("/srv/data")');
  const script = example.replaceAll("/srv/data", store).replace("/var/lib", scratch);
  const finished = await runProgram(process.execPath, ["--input-type=module", "-e", script], { directory: root });
  expect(finished).toMatchObject({ status: 0, stderr: "", stdout: "answered at once, sent soon after\n\n" });
  expect(await readFile(join(store, "today.txt"), "utf8")).toBe("answered at once, sent soon after\n");
});

it.each([
  { module: "nodenext", target: "esnext" },
  { module: "esnext", moduleResolution: "bundler", target: "es2022", lib: ["es2022", "dom", "esnext.disposable"] },
])("the README's example has types with %j and nothing else", async (compilerOptions) => {
  const scratch = await scratchDirectory("package-types");
  await mkdir(join(scratch, "node_modules"));
  await symlink(root, join(scratch, "node_modules", "holdfast"));
  const readme = await readFile(join(root, "README.md"), "utf8");
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  expect(example).not.toBe("");
  await writeFile(join(scratch, "package.json"), '{"type":"module"}');
  await writeFile(join(scratch, "example.ts"), example);
  const options = { ...compilerOptions, strict: true, noEmit: true };
  await writeFile(
    join(scratch, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["example.ts"] }),
  );
  const finished = await runProgram(join(root, "node_modules", ".bin", "tsc"), ["-p", scratch], { directory: scratch });
  expect(finished).toMatchObject({ status: 0, stdout: "" });
});
