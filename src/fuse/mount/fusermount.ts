/**
 * Mounting and unmounting as an ordinary user, through the set-user-id program fusermount3: it opens the device, mounts,
 * and sends the descriptor back over the socket that _FUSE_COMMFD names.
 */
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { type ErrorCode, Failure } from "../../base/index.ts";
import { makeNonBlocking, receiveDescriptor, socketPair } from "../../system/index.ts";

const program = "fusermount3";
const messageBytesMax = 4096;

/** Mounts; answers the device, which does not block. */
export async function mountAsUser(directory: string, options: readonly string[]): Promise<number> {
  const [ours, theirs] = socketPair();
  try {
    let running: Promise<void>;
    try {
      running = run(["-o", options.join(","), "--", directory], theirs, directory, "mount");
    } finally {
      closeSync(theirs);
    }
    await running;
    const device = receiveDescriptor(ours);
    if (device === undefined) {
      throw new Failure("EPROTO", { syscall: "mount", path: directory, detail: `${program} sent no device` });
    }
    makeNonBlocking(device);
    return device;
  } finally {
    closeSync(ours);
  }
}

/** Unmounts; EBUSY while files are open, unless `lazily`. */
export function unmountAsUser(directory: string, lazily: boolean): Promise<void> {
  return run(lazily ? ["-u", "-z", "--", directory] : ["-u", "--", directory], undefined, directory, "umount");
}

/** An option's value for a list separated by commas. */
export function escapeOption(value: string): string {
  return value.replace(/[\\,]/g, (character) => `\\${character}`);
}

function run(options: string[], socket: number | undefined, directory: string, syscall: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const environment = { ...process.env, LC_ALL: "C", _FUSE_COMMFD: "3" };
    const stdio: ("ignore" | "pipe" | number)[] = ["ignore", "ignore", "pipe"];
    if (socket !== undefined) stdio.push(socket);
    const child = spawn(program, options, { env: environment, stdio });
    let message = "";
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => {
      if (message.length < messageBytesMax) message += text;
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      const detail =
        error.code === "ENOENT" ? `${program} is not installed; ordinary users need it (Debian: fuse3)` : error.message;
      reject(new Failure("ENODEV", { syscall, path: directory, detail, cause: error }));
    });
    child.once("close", (status) => {
      if (status === 0) resolve();
      else reject(new Failure(codeOf(message), { syscall, path: directory, detail: explained(message) }));
    });
  });
}

function explained(message: string): string {
  if (/\/dev\/fuse: permission denied/i.test(message)) {
    return "/dev/fuse is not open to you; as root: chmod 666 /dev/fuse";
  }
  if (message.includes("user_allow_other")) {
    return "letting other users in needs the line user_allow_other in /etc/fuse.conf; as root: add it";
  }
  if (message.includes("could not determine username")) {
    return `${program} serves nobody without a name, and user ${process.getuid?.()} has none; as root: useradd`;
  }
  return message.trim().slice(0, 500);
}

function codeOf(message: string): ErrorCode {
  if (message.includes("busy")) return "EBUSY";
  if (message.includes("/dev/fuse")) return /permission denied/i.test(message) ? "EACCES" : "ENODEV";
  if (/not permitted|permission denied|no write access|not owned|user_allow_other|determine username/i.test(message))
    return "EPERM";
  if (/not found in|invalid argument|not mounted/i.test(message)) return "EINVAL";
  return "EIO";
}
