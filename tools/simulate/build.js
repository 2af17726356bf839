/**
 * Builds what `npm run simulate` runs: the sources with a point at each await (instrument.js) and the simulation, compiled
 * into a directory of their own that is named after what is in it. So a build is made once, builds of different sources do
 * not disturb each other, and a planted mistake touches no file of the project.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { hasPoints, instrument } from "./instrument.js";

const rooms = [
  "src/base",
  "src/port",
  "src/cache",
  "src/files",
  "src/rescue",
  "src/stores/memory",
  "src/stores/medium",
  "test/kit",
  "test/model",
  "test/simulation",
];
const entries = ["test/simulation/runner/main.ts", "test/simulation/runner/seed-worker.ts"];
const pointModule = "test/kit/schedule/point.ts";
/** Builds that nobody has asked for in so long are removed when another one is made. */
const keptMs = 24 * 3_600_000;

const compilerOptions = {
  composite: false,
  declaration: false,
  isolatedDeclarations: false,
  sourceMap: false,
  noCheck: true,
  rootDir: ".",
  outDir: "built",
  types: ["node"],
};

/**
 * @param {string} root of the project
 * @param {{ path: string, find: string, replace: string } | undefined} plant a mistake to put into one file
 * @returns {string} the module to run
 */
export function buildSimulation(root, plant) {
  const texts = sourceTexts(root);
  if (plant !== undefined) texts.set(plant.path, planted(texts.get(plant.path), plant));
  const directory = join(root, "dist", "simulation");
  const build = join(directory, hashOf(texts));
  if (!existsSync(build)) {
    mkdirSync(directory, { recursive: true });
    removeOld(directory);
    const scratch = mkdtempSync(join(directory, "building-"));
    try {
      writeSources(scratch, texts);
      compile(root, scratch);
      publish(scratch, build);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return join(build, "built", "test", "simulation", "runner", "main.js");
}

function planted(text, { path, find, replace }) {
  if (text === undefined) throw new Error(`${path} is no source of the simulation`);
  if (text.split(find).length !== 2) throw new Error(`${path} does not have this text exactly once: ${find}`);
  return text.replace(find, () => replace);
}

/** Path below the root, and text, of every source. */
function sourceTexts(root) {
  const texts = new Map();
  for (const room of rooms) {
    const names = existsSync(join(root, room)) ? readdirSync(join(root, room), { recursive: true }) : [];
    for (const name of names.toSorted()) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      texts.set(`${room}/${name}`, readFileSync(join(root, room, name), "utf8"));
    }
  }
  texts.set("tsconfig.base.json", readFileSync(join(root, "tsconfig.base.json"), "utf8"));
  return texts;
}

/** Of the sources, and of what makes a build of them. */
function hashOf(texts) {
  const hash = createHash("sha256");
  for (const [path, text] of texts) hash.update(`${path}\0${text}\0`);
  for (const tool of ["build.js", "instrument.js"]) hash.update(readFileSync(new URL(tool, import.meta.url)));
  return hash.digest("hex").slice(0, 16);
}

function writeSources(scratch, texts) {
  for (const [path, text] of texts) {
    const full = join(scratch, path);
    mkdirSync(dirname(full), { recursive: true });
    const below = path.replace(/^src\//, "");
    const depth = path.split("/").length - 1;
    const hasItsPoints = below !== path && hasPoints(below);
    writeFileSync(full, hasItsPoints ? instrument(below, text, `${"../".repeat(depth)}${pointModule}`) : text);
  }
  writeFileSync(
    join(scratch, "tsconfig.json"),
    JSON.stringify({ extends: "./tsconfig.base.json", compilerOptions, files: entries }),
  );
}

function compile(root, scratch) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const parameters = [compiler, "-p", scratch];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, parameters, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the simulation does not compile: ${error?.message ?? `${stdout}${stderr}`}`);
}

/** Another process may have made the same build meanwhile: it is as good. */
function publish(scratch, build) {
  try {
    renameSync(scratch, build);
  } catch (failure) {
    if (!existsSync(build)) throw failure;
  }
}

function removeOld(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > keptMs) rmSync(path, { recursive: true, force: true });
  }
}
