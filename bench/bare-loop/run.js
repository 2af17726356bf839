/**
 * Mounts the bare loop, measures it with one client and prints the rates as JSON. Options of the server are passed on;
 * `--compare` runs every style.
 */
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const styles = process.argv.includes("--compare")
  ? [
      ["--wait=poll", "--read=readv"],
      ["--wait=poll", "--read=read"],
      ["--wait=poll", "--read=fs"],
      ["--wait=thread", "--read=readv"],
      ["--wait=poll", "--read=readv", "--spin=0"],
    ]
  : [process.argv.slice(2)];

async function measure(style) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "bare-loop-"));
  const server = spawn(process.execPath, [path.join(here, "server.js"), directory, ...style], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    server.stdout.once("data", resolve);
    server.once("exit", () => reject(new Error("the server ended before it was mounted")));
  });
  const client = spawnSync(process.execPath, [path.join(here, "client.js"), path.join(directory, "file")], {
    encoding: "utf8",
    timeout: 60_000,
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  spawnSync("umount", [directory], { stdio: "inherit" });
  await ended;
  fs.rmdirSync(directory);
  if (client.status !== 0) throw new Error(`the client failed: ${client.stderr}`);
  return JSON.parse(client.stdout);
}

for (const style of styles) {
  console.log(JSON.stringify({ style: style.join(" "), ...(await measure(style)) }));
}
