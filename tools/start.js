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
  console.log(`demo store:  ${store}\nmount point: ${directory}`);
  return [`dir:${store}`, directory];
}

/** The names of the command's options, each with what `parseArgs` wants to know of it. */
async function commandOptions() {
  const { mountOptions } = await import(new URL("../dist/cli/mount/settings.js", import.meta.url).href);
  const options = { help: { type: "boolean", short: "h" } };
  for (const [name, { value, short }] of Object.entries(mountOptions)) {
    options[name] = { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) };
  }
  return options;
}

/** Without `--` npm takes flags for settings of its own, and hands on only what it takes for the value of one. */
function refuseFlagsTakenByNpm(options) {
  const taken = Object.keys(options).filter(
    (name) =>
      (name.includes("-") || name === "daemon") && process.env[`npm_config_${name.replaceAll("-", "_")}`] !== undefined,
  );
  if (taken.length === 0 || process.env.npm_lifecycle_event !== "start") return;
  console.error(
    `start: npm kept --${taken.join(" and --")} for itself; did you forget "--"? As in: npm start -- --${taken[0]}`,
  );
  process.exit(2);
}

/** A person's signal comes from the terminal to the whole group and once more from npm: copies this close are one. */
const copyMsMax = 300;

/**
 * Runs the server in a session of its own, so that a signal to our group does not reach it beside the one that we hand on: a
 * second signal would cut its drain short. Says how to stop once it is mounted. Resolves with the exit status.
 */
function serve(parameters, howToStop) {
  const guard = new URL("./end-with-parent.js", import.meta.url).href;
  const command = spawn(
    process.execPath,
    ["--import", guard, join(root, "bin", "holdfast.js"), "mount", ...parameters],
    { detached: true, stdio: ["inherit", "pipe", "inherit", "ipc"] },
  );
  command.stdout.setEncoding("utf8");
  command.stdout.on("data", (text) => {
    process.stdout.write(text);
    if (text.includes("holdfast: mounted")) process.stdout.write(`to stop:     ${howToStop}\n`);
  });
  command.on("error", (error) => console.error(`start: ${error.message}`));
  let handedOnAtMs;
  const handOn = (signal) => {
    const nowMs = performance.now();
    if (handedOnAtMs !== undefined && nowMs - handedOnAtMs < copyMsMax) return;
    handedOnAtMs = nowMs;
    if (command.connected) command.send("a signal follows", () => {});
    command.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, handOn);

  // A signal to npm or its shell may end them without a word to us. Orphaned, we end the mount as it would have wanted.
  const parentWatchMs = 500;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (handedOnAtMs === undefined) handOn("SIGTERM");
  }, parentWatchMs);
  return new Promise((resolve) => {
    command.on("close", (status, signal) => {
      clearInterval(watch);
      resolve(signal === null ? (status ?? 1) : 1);
    });
  });
}

// Whoever reads our words may stop reading; the mount goes on.
process.stdout.on("error", () => {});
prepare("start");
const options = await commandOptions();
refuseFlagsTakenByNpm(options);
const asked = process.argv.slice(2);
const parsed = parseArgs({ args: asked, options, allowPositionals: true, strict: false });
const isComplete = parsed.positionals.length > 0 || parsed.values.help;
const parameters = isComplete ? asked : [...makeDemo(), ...asked];
const directory = parsed.positionals[1] ?? parameters[1];
const unmount = `npx holdfast unmount ${directory}`;
process.exitCode = await serve(parameters, parsed.values.daemon ? unmount : `Ctrl-C here, or: ${unmount}`);
