/**
 * Works in a rescue directory and is killed (SIGKILL, by itself) just before a given file call: `DIRECTORY ACT [STEP [SEED]]`.
 * ACT is keep, discard or restore, of one entry; or storm, which keeps many at once for ever. Each entry's id is printed as
 * soon as it was acknowledged. Without STEP it runs to its end and prints the calls that it made, one a line, after "steps:".
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";

const [directory, act, step = "0", seed = "1"] = process.argv.slice(2);
const dieAt = Number(step);
const steps = [];

function come(name) {
  steps.push(name);
  if (steps.length === dieAt) process.kill(process.pid, "SIGKILL");
}

const { open } = fs.promises;
for (const name of ["mkdir", "rename", "rm", "open", "writeFile"]) {
  const call = fs.promises[name];
  fs.promises[name] = async (target, ...rest) => {
    const opened = typeof target === "string" ? basename(target) : target.opened;
    come(`${name} ${opened}`);
    const result = await call(target, ...rest);
    if (name === "open") result.opened = opened;
    return result;
  };
}
const probe = await open(process.execPath);
const handlePrototype = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ["truncate", "sync", "writeFile"]) {
  const call = handlePrototype[name];
  handlePrototype[name] = function (...parameters) {
    if (this.opened !== undefined) come(`${name} ${this.opened}`);
    return call.apply(this, parameters);
  };
}
syncBuiltinESMExports();

const { cancelController, Failure, SeededRandom } = await import("../../../dist/base/index.js");
const { superuser } = await import("../../../dist/port/index.js");
const { openRescue } = await import("../../../dist/rescue/index.js");
const { memoryStore } = await import("../../../dist/stores/memory/index.js");
const { signal } = cancelController();
const call = { credential: superuser, signal };

/** Frames that count, each as it is taken: a kill between two of them leaves half of the bytes. */
class CountedFrames extends Array {
  *[Symbol.iterator]() {
    for (let at = 0; at < this.length; at++) {
      come(`frame ${at}`);
      yield this[at];
    }
  }
}

function refused(fill, frameCount, frameBytes) {
  const frames = new CountedFrames();
  for (let at = 0; at < frameCount; at++) frames.push(Buffer.alloc(frameBytes, fill + at));
  return {
    node: "7",
    path: `/file-${fill}`,
    ranges: [{ offset: fill, byteCount: frameCount * frameBytes, frames }],
    credential: superuser,
    failure: new Failure("EACCES"),
    refusalClass: "permission",
    refusedAtNs: BigInt(Date.now()) * 1_000_000n,
    baseVersion: "1",
    foundVersion: undefined,
    fileSize: 0,
  };
}

/** Past the stream, which would lose what it has not written yet when the process is killed. */
function say(text) {
  fs.writeSync(1, `${text}\n`);
}

async function storm(rescue) {
  const random = new SeededRandom(Number(seed));
  const keepForEver = async () => {
    for (;;) say(await rescue.keep(refused(random.below(200), 1 + random.below(4), 1 + random.below(700_000)), signal));
  };
  await Promise.all([keepForEver(), keepForEver(), keepForEver(), keepForEver()]);
}

const rescue = await openRescue(directory);
// What opening does is the same for every act.
steps.length = 0;
switch (act) {
  case "keep":
    say(await rescue.keep(refused(1, 3, 1_100_000), signal));
    break;
  case "discard":
    for (const { id } of await rescue.list()) await rescue.discard(id);
    break;
  case "restore":
    for (const { id } of await rescue.list()) {
      await rescue.restore(id, memoryStore(), { credential: call.credential, path: "/restored" });
    }
    break;
  default:
    await storm(rescue);
}
say(["steps:", ...steps].join("\n"));
