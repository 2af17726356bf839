/**
 * A store directory that stops answering: it lies behind a file system in user space of its own (bindfs), whose server can
 * be stopped and let go on. Reads and writes hang meanwhile, as with a server that is gone from the network; names and
 * attributes that were seen before are still known to the kernel.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./mounted-store.ts";
import { mountsBelow } from "./scratch.ts";
import { until } from "./until.ts";

export class StoppableStore implements AsyncDisposable {
  /** Where the files really are. */
  readonly backing: string;
  /** The same files behind the server that can be stopped. */
  readonly directory: string;
  readonly #server: ChildProcess;

  private constructor(scratch: string, server: ChildProcess) {
    this.backing = join(scratch, "backing");
    this.directory = join(scratch, "store");
    this.#server = server;
  }

  static async start(scratch: string): Promise<StoppableStore> {
    const [backing, directory] = [join(scratch, "backing"), join(scratch, "store")];
    await mkdir(backing);
    await mkdir(directory);
    const flags = ["-f", "-o", "attr_timeout=3600,entry_timeout=3600,direct_io"];
    const server = spawn("bindfs", [...flags, backing, directory], { stdio: ["ignore", "ignore", "inherit"] });
    const store = new StoppableStore(scratch, server);
    await until("bindfs has mounted", async () => (await mountsBelow(scratch)).includes(directory));
    return store;
  }

  stop(): void {
    this.#server.kill("SIGSTOP");
  }

  goOn(): void {
    this.#server.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn();
    const ended = once(this.#server, "exit");
    await run("umount", ["--lazy", this.directory]);
    await ended;
  }
}
