/**
 * A real sshd on loopback with keys and a port of its own, which serves files over SFTP to one user who is not root. It runs
 * as that user itself, so what it may write is what the user may write.
 */
import { chmod, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { run } from "../../test/kit/mounted-store.ts";
import { until } from "../../test/kit/until.ts";
import type { Person } from "../../test/kit/worker.ts";
import { Service } from "./service.ts";

/** Whoever writes through the mounts, and whom the server knows: a user that every system has. */
export const writer: Person = { uid: 65_534, gid: 65_534 };
export const writerName = "nobody";

export class SshServer implements AsyncDisposable {
  readonly port: number;
  readonly userKey: string;
  readonly knownHosts: string;
  readonly #service: Service;

  private constructor(directory: string, port: number, service: Service) {
    this.port = port;
    this.userKey = join(directory, "user-key");
    this.knownHosts = join(directory, "known-hosts");
    this.#service = service;
  }

  static async start(scratch: string): Promise<SshServer> {
    const directory = join(scratch, "ssh");
    await mkdir(directory);
    await chmod(directory, 0o755);
    const port = await freePort();
    for (const name of ["host-key", "user-key"]) {
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, name)]);
    }
    await chown(join(directory, "host-key"), writer.uid, writer.gid);
    const [type, key] = (await readFile(join(directory, "host-key.pub"), "utf8")).split(" ");
    await writeFile(join(directory, "known-hosts"), `[127.0.0.1]:${port} ${type} ${key}\n`);
    const settings = join(directory, "sshd_config");
    await writeFile(settings, settingsOf(directory, port));
    const program = (await run("sh", ["-c", "PATH=$PATH:/usr/sbin; command -v sshd"])).trim();
    const identity = [`--reuid=${writer.uid}`, `--regid=${writer.gid}`, "--clear-groups"];
    const service = new Service("setpriv", [...identity, program, "-D", "-e", "-f", settings]);
    await until("sshd listens", () => {
      if (service.hasEnded) throw new Error(`sshd ended: ${service.said}`);
      return service.said.includes("listening");
    });
    return new SshServer(directory, port, service);
  }

  /** Stops the processes that serve connections, or lets them go on; the kernel keeps their connections open. */
  async signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    for (const pid of await descendantsOf(this.#service.processId)) process.kill(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const serving = await descendantsOf(this.#service.processId);
    await this.#service[Symbol.asyncDispose]();
    for (const pid of serving) endIfThere(pid);
  }
}

function settingsOf(directory: string, port: number): string {
  // With PAM an account without a password is not taken for a locked one.
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey ${join(directory, "host-key")}
AuthorizedKeysFile ${join(directory, "user-key.pub")}
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function descendantsOf(ancestor: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    parents.set(Number(entry), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }
  const found = new Set([ancestor]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(ancestor);
  return [...found];
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with its connection.
  }
}
