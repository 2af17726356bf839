/** A drive with two media that a hand puts in and takes out, as memory servers that lose what is not durable. */
import type { Drive } from "../../src/stores/medium/index.ts";
import { MemoryServer, memoryStore } from "../../src/stores/memory/index.ts";
import { contentAt } from "./memory-volume.ts";

/** A store that is open loses its medium with it. */
export class TwoMedia {
  readonly servers = { one: new MemoryServer({ rootMode: 0o777 }), two: new MemoryServer({ rootMode: 0o777 }) };
  inside: "one" | "two" | undefined = "one";
  /** What was opened before the last insertion does not reach the medium any more. */
  insertion = 1;
  /** Whether the next commit finds that the medium has just been pulled out. */
  isPulledInCommit = false;
  /** What commits fail with. */
  commitFailure: string | undefined;

  readonly drive: Drive = {
    identify: async () => {
      return this.inside === undefined ? undefined : { medium: this.inside, insertion: String(this.insertion) };
    },
    open: () => {
      const { inside: opened, insertion } = this;
      if (opened === undefined) throw new Error("nothing is in");
      const store = memoryStore(this.servers[opened], { durability: "volatile" });
      const fail = async (): Promise<never> => {
        throw Object.assign(new Error("no such device"), { code: "ENODEV" });
      };
      return new Proxy(store, {
        get: (target, name) => {
          const member = Reflect.get(target, name, target) as unknown;
          if (typeof member !== "function") return member;
          if (name === "commit" && this.isPulledInCommit) this.pull();
          if (name === "commit" && this.commitFailure !== undefined) {
            return async () => Promise.reject(Object.assign(new Error("failed"), { code: this.commitFailure }));
          }
          if ((this.inside === opened && this.insertion === insertion) || name === "close" || name === "watch")
            return member.bind(target);
          return name === "tryRead" ? () => undefined : fail;
        },
      });
    },
  };

  /** Takes out what is in, as a hand does: what is not durable on it is lost. */
  pull(): void {
    const { inside } = this;
    this.inside = undefined;
    this.insertion += 1;
    if (inside !== undefined) this.servers[inside].crash();
  }

  contentOf(medium: "one" | "two", path: string): Promise<string> {
    return contentAt(memoryStore(this.servers[medium]), path);
  }
}
