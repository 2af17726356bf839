/** The memory store keeps the contract under every manifest it can have. */

import { type Clock, cancelController, systemClock } from "../../src/base/index.ts";
import type { ContractWorld } from "../../src/contract/index.ts";
import { DeadlineStore, posixCredential, type Store, superuser } from "../../src/port/index.ts";
import { mediumStore } from "../../src/stores/medium/index.ts";
import { MemoryServer, type MemoryStoreOptions, memoryStore } from "../../src/stores/memory/index.ts";
import { runContract } from "./run-contract.ts";

const owner = posixCredential(41001, 41001);
const stranger = posixCredential(41002, 41002);

/** A clock whose stamps differ, as those of file systems do that tell a changed file by its times. */
function finelyStamping(): Clock {
  let tick = 0n;
  return { nowMs: () => systemClock.nowMs(), after: (...timer) => systemClock.after(...timer), wallTimeNs };
  function wallTimeNs(): bigint {
    tick += 1n;
    return systemClock.wallTimeNs() + tick;
  }
}

async function open(
  options: MemoryStoreOptions,
  wrap: (store: Store) => Store | Promise<Store>,
): Promise<ContractWorld> {
  const server = new MemoryServer({ clock: finelyStamping() });
  const store = await wrap(memoryStore(server, options));
  const secondClient = memoryStore(server, options);
  const call = { credential: superuser, signal: cancelController().signal };
  const root = await store.root(call);
  await store.setAttributes(root.node, { uid: owner.uid, gid: owner.gid, mode: 0o755 }, call);
  return {
    store,
    secondClient,
    users: [owner, stranger],
    superuser,
    crash: async () => server.crash(),
    cleanUp: async () => {
      server.checkInvariants();
      await store.close();
      await secondClient.close();
      server.checkInvariants();
    },
  };
}

const manifests: Readonly<Record<string, MemoryStoreOptions>> = {
  memory: {},
  "memory without conditional writes": { conditionalWrites: false, parallelWrites: 8 },
  "memory with volatile writes": { durability: "volatile" },
  "memory with volatile parallel writes": { durability: "volatile", conditionalWrites: false, parallelWrites: 8 },
  "memory without reports": { reportsChanges: false },
};

for (const [name, options] of Object.entries(manifests)) {
  runContract({ name, open: () => open(options, (store) => store) });
}
runContract({ name: "memory with deadlines", open: () => open({}, (store) => new DeadlineStore(store)) });
for (const knownBy of ["inode", "path"] as const) {
  runContract({
    name: `memory as a medium in a drive, known by ${knownBy}`,
    open: () =>
      open({}, (store) =>
        mediumStore({ identify: async () => ({ medium: "the one", insertion: "first", knownBy }), open: () => store }),
      ),
  });
}
