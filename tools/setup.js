/**
 * Brings a fresh clone to the point where the project runs: packages of the system, packages of Node, and the build. It
 * stands on Node alone, for it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs, found by their command, and the Debian packages that bring them. */
const packagesByCommand = new Map([
  ["fusermount3", "fuse3"],
  ["git", "git"],
  ["sqlite3", "sqlite3"],
  ["fio", "fio"],
  ["rsync", "rsync"],
  ["bindfs", "bindfs"],
  ["tar", "tar"],
  ["setfattr", "attr"],
  ["setpriv", "util-linux"],
  ["strace", "strace"],
  ["mkfs.btrfs", "btrfs-progs"],
  ["mkfs.ext4", "e2fsprogs"],
  ["mkfs.exfat", "exfatprogs"],
  ["mount.exfat-fuse", "exfat-fuse"],
  ["spin", "spin"],
  ["cc", "gcc libc6-dev"],
  ["rclone", "rclone"],
  ["sshfs", "sshfs"],
  ["sshd", "openssh-server"],
]);
/** Programs that only benchmarks drive. */
const rivals = ["rclone", "sshfs", "sshd"];

const systemDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

function isInstalled(command) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), ...systemDirectories];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program with its output passed on; ends this process when it fails. */
export function runOrExit(program, parameters, environment = {}) {
  const { status, signal, error } = spawnSync(program, parameters, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (status === 0) return;
  console.error(
    `setup: ${program} ${parameters.join(" ")} failed: ${error?.message ?? signal ?? `exit status ${status}`}`,
  );
  process.exit(status === null || status === 0 ? 1 : status);
}

/** Runs the program that all this was for: what it says is enough, and its exit status is this process's. */
export function becomeProgram(program, parameters) {
  const { status } = spawnSync(program, parameters, { cwd: root, stdio: "inherit" });
  process.exitCode = status ?? 1;
}

/** Installs Debian packages when root; otherwise names them in one line and goes on. */
function installSystemPackages(commands) {
  const missing = commands
    .filter((command) => !isInstalled(command))
    .flatMap((command) => packagesByCommand.get(command).split(" "));
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
    console.error(`setup: for everything to run, have an administrator install: apt-get install ${list}`);
    return;
  }
  console.log(`setup: installing ${list}`);
  const quiet = { DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"];
  runOrExit("apt-get", [...options, "update"], quiet);
  runOrExit("apt-get", [...options, "install", "--no-install-recommends", ...missing], quiet);
}

/** Whether node_modules holds what the lock file asks for. Packages for other platforms are rightly absent. */
function nodePackagesAreCurrent() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(
    ([path, { version, optional }]) => path === "" || have[path]?.version === version || (optional && !have[path]),
  );
}

const commandsOfTests = [...packagesByCommand.keys()].filter((command) => !rivals.includes(command));
const commandsFor = {
  start: ["fusermount3"],
  demo: [],
  help: [],
  test: commandsOfTests,
  "bench:refusal": ["fusermount3", "setpriv", "mkfs.btrfs", "mkfs.ext4", ...rivals],
};

/** All that `npm start`, `npm run demo`, a benchmark, or with every program that a test drives, `npm test` needs. */
export function prepare(purpose) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`setup: Node 20.19 or later is needed; this is ${process.versions.node}`);
    process.exit(1);
  }
  installSystemPackages(commandsFor[purpose]);
  if (!nodePackagesAreCurrent()) {
    console.log("setup: installing the packages of the lock file");
    runOrExit("npm", ["ci", "--no-audit", "--no-fund"]);
  }
  runOrExit(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"]);
}
