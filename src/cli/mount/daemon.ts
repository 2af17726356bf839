/**
 * `--daemon`: the command starts itself again, detached, and returns once the mount is ready. What goes wrong before is
 * passed on, with the exit status.
 */
import { spawn } from "node:child_process";

/** Tells a detached command that it is one. */
const daemonVariable = "HOLDFAST_DAEMON";

export interface DaemonMessage {
  readonly kind: "ready" | "failed";
  readonly text: string;
  readonly status: number;
}

export function isDaemonChild(): boolean {
  return process.env[daemonVariable] === "1" && process.send !== undefined;
}

/** Says to the waiting command how it went, and lets go of it. */
export async function reportToParent(message: DaemonMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
  if (process.connected) process.disconnect();
}

/** Starts the detached command with this one's arguments; answers with what it reports. */
export function startDaemon(): Promise<DaemonMessage> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [daemonVariable]: "1" },
  });
  return new Promise((resolve) => {
    child.once("message", (message) => {
      child.disconnect();
      child.unref();
      resolve(message as DaemonMessage);
    });
    child.once("error", (error) => resolve({ kind: "failed", text: error.message, status: 1 }));
    child.once("exit", (status, signal) => {
      const how = signal === null ? `exit status ${status}` : signal;
      resolve({ kind: "failed", text: `the server ended before it was ready (${how})`, status: status || 1 });
    });
  });
}
