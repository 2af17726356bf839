/**
 * `npm start`: installs what is missing, builds, and mounts. Without arguments it makes a small demo store in a local
 * directory and mounts it; `npm start -- URL DIR` mounts anything, flags included. Flags alone go with the demo store.
 */
import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare, root } from "./setup.js";

const sampleFiles = new Map([
  [
    "README.txt",
    "These files live in the directory `store` next door.\nYou see them through Holdfast: reads come from its cache,\nwrites go to the cache first and to the store soon after.\nTry: edit this file, then look at it in `store`.\n",
  ],
  ["poems/dust-of-snow.txt", "The way a crow\nShook down on me\nThe dust of snow\nFrom a hemlock tree\n"],
  ["numbers/primes.txt", "2\n3\n5\n7\n11\n13\n17\n19\n23\n29\n"],
]);

/** Makes the directory. The temporary one is open to everybody: what somebody else put there in our name is not used. */
function ownDirectory(path) {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  if (found.isDirectory() && found.uid === (process.geteuid?.() ?? found.uid) && (found.mode & 0o077) === 0)
    return path;
  console.error(`start: ${path} must be a directory of your own with mode 0700; remove it, or set XDG_DATA_HOME`);
  process.exit(1);
}

/** Where the demo lives: the user's data directory, or the temporary one where there is no home. */
function demoDirectory() {
  const data = process.env.XDG_DATA_HOME || (process.env.HOME ? join(process.env.HOME, ".local", "share") : "");
  const preferred = join(data, "holdfast", "demo");
  if (data !== "") {
    try {
      mkdirSync(preferred, { recursive: true });
      return preferred;
    } catch (error) {
      console.error(`start: cannot use ${preferred} (${error.code}); the demo goes to the temporary directory`);
    }
  }
  return ownDirectory(join(tmpdir(), `holdfast-demo-${process.geteuid?.() ?? 0}`));
}

/** Makes the demo's store with its sample files, once, and its mount point. */
function makeDemo() {
  const demo = demoDirectory();
  const store = join(demo, "store");
  const directory = join(demo, "mount");
  if (!existsSync(store)) {
    for (const [name, text] of sampleFiles) {
      const path = join(store, name);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, text);
    }
  }
  // A mount whose server was killed answers every question with an error; the command clears it.
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    if (error.code !== "EEXIST" && error.code !== "ENOTCONN") throw error;
  }
  console.log(
    `demo store:  ${store}\nmounted at:  ${directory}\nto stop:     Ctrl-C here, or: npx holdfast unmount ${directory}`,
  );
  return [`dir:${store}`, directory];
}

/** Whether URL or DIR stands among the arguments, told from the values of flags by the table of the command's options. */
async function namesAStore(asked) {
  const { mountOptions } = await import(new URL("../dist/cli/mount/settings.js", import.meta.url).href);
  const options = { help: { type: "boolean", short: "h" } };
  for (const [name, { value, short }] of Object.entries(mountOptions)) {
    options[name] = { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) };
  }
  return parseArgs({ args: asked, options, allowPositionals: true, strict: false }).positionals.length > 0;
}

prepare("start");
const asked = process.argv.slice(2);
const parameters = (await namesAStore(asked)) ? asked : [...makeDemo(), ...asked];
const command = spawn(process.execPath, [join(root, "bin", "holdfast.js"), "mount", ...parameters], {
  stdio: "inherit",
});

// The terminal sends Ctrl-C to the command as well, which then drains; a signal sent to this process alone is handed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => command.kill("SIGTERM"));

// A signal to npm ends npm and its shell without a word to us. Orphaned, we end the mount as it would have wanted.
const parentWatchMs = 500;
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  command.kill("SIGTERM");
}, parentWatchMs);

command.on("exit", (status, signal) => {
  clearInterval(watch);
  process.exitCode = signal === null ? (status ?? 1) : 1;
});
