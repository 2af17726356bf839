/** sshfs and rclone, both over SFTP to the trial's server, with the options that they have by themselves. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../../test/kit/mounted-store.ts";
import { mountsBelow } from "../../test/kit/scratch.ts";
import { until } from "../../test/kit/until.ts";
import type { Client, Contender, Kept } from "./contender.ts";
import { fileName, type Ground } from "./ground.ts";
import { Service } from "./service.ts";
import { writerName } from "./ssh-server.ts";

const unmountMsMax = 10_000;
/** rclone sends a file 5 s after it was closed; a busy machine needs longer. */
const uploadMsMax = 30_000;
const uploadEnded = /^.*vfs cache: (?:upload succeeded|failed to upload).*$/im;

abstract class WireClient implements Client {
  readonly point: string;
  abstract readonly patienceMs: number;
  protected readonly service: Service;

  constructor(point: string, service: Service) {
    this.point = point;
    this.service = service;
  }

  abstract settled(): ReturnType<Client["settled"]>;
  abstract kept(): Promise<readonly Kept[]>;

  async restore(takeAway: () => Promise<void>): Promise<string> {
    await takeAway();
    return "by itself";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endMount(this.point, this.service);
  }
}

class SshfsClient extends WireClient {
  /** It keeps nothing; this much is for calls that were under way. */
  readonly patienceMs = 3000;

  async settled(): Promise<undefined> {}

  async kept(): Promise<readonly Kept[]> {
    return [];
  }
}

class RcloneClient extends WireClient {
  readonly patienceMs = 45_000;
  readonly #cache: string;

  constructor(point: string, service: Service, cache: string) {
    super(point, service);
    this.#cache = cache;
  }

  async settled(): ReturnType<Client["settled"]> {
    await until("rclone has sent the file or failed to", () => uploadEnded.test(this.service.said), uploadMsMax).catch(
      () => undefined,
    );
    const line = uploadEnded.exec(this.service.said)?.[0];
    return line === undefined || /succeeded/.test(line) ? undefined : { atMs: performance.now(), line };
  }

  async kept(): Promise<readonly Kept[]> {
    const names = await readdir(join(this.#cache, "vfs"), { recursive: true }).catch((): string[] => []);
    const name = names.find((found) => found.endsWith(`/${fileName}`));
    if (name === undefined) return [];
    const text = await readFile(join(this.#cache, "vfs", name), "latin1");
    return [{ where: "rclone's cache directory", pieces: [{ offset: 0, text }] }];
  }
}

async function untilMounted(ground: Ground, point: string, service: Service): Promise<void> {
  await until(`something is mounted at ${point}`, async () => {
    if (service.hasEnded) throw new Error(`the server of the mount ended: ${service.said}`);
    return (await mountsBelow(ground.scratch)).includes(point);
  });
}

/** Has sshfs serve the trial's directory at a point, which is made. */
export async function startSshfs(ground: Ground, point: string): Promise<Service> {
  await mkdir(point);
  const { port, userKey, knownHosts } = ground.server;
  const options = [`port=${port}`, `IdentityFile=${userKey}`, `UserKnownHostsFile=${knownHosts}`, "allow_other"];
  const place = `${writerName}@127.0.0.1:${ground.home}`;
  const service = new Service("sshfs", ["-f", "-F", "/dev/null", "-o", options.join(","), place, point]);
  await untilMounted(ground, point, service);
  return service;
}

/** Unmounts, open files or not, and ends whatever served the mount. */
export async function endMount(point: string, service: Service): Promise<void> {
  const asked = await attempt("umount", [point], { msMax: unmountMsMax });
  if (asked.status !== 0) await attempt("umount", ["-l", point], { msMax: unmountMsMax });
  await service[Symbol.asyncDispose]();
}

export const sshfs: Contender = {
  name: "sshfs",
  isOverWire: true,
  version: ["sshfs", "--version"],
  takesPartIn: () => true,
  start: async (ground) => {
    const point = join(ground.scratch, "mount");
    return new SshfsClient(point, await startSshfs(ground, point));
  },
};

export const rclone: Contender = {
  name: "rclone",
  isOverWire: true,
  version: ["rclone", "version"],
  takesPartIn: () => true,
  start: async (ground) => {
    const [point, cache] = [join(ground.scratch, "mount"), join(ground.scratch, "rclone-cache")];
    await mkdir(point);
    const { port, userKey, knownHosts } = ground.server;
    const sftp = ["host=127.0.0.1", `user=${writerName}`, `port=${port}`, `key-file=${userKey}`];
    const service = new Service("rclone", [
      ...["mount", `:sftp:${ground.home}`, point, "--config", join(ground.scratch, "rclone.conf"), "-vv"],
      ...["--vfs-cache-mode", "writes", "--cache-dir", cache, "--allow-other"],
      ...[...sftp, `known-hosts-file=${knownHosts}`].map((setting) => `--sftp-${setting}`),
    ]);
    await untilMounted(ground, point, service);
    return new RcloneClient(point, service, cache);
  },
};
