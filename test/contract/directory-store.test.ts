/**
 * The directory store keeps the contract over real directories: served as root for several users, and served by an ordinary
 * user, who can act as nobody else.
 */
import { chmodSync, chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractWorld } from "../../src/contract/index.ts";
import { posixCredential, superuser } from "../../src/port/index.ts";
import { directoryStore } from "../../src/stores/directory/index.ts";
import { asOrdinaryUser, isRoot, ordinaryUser } from "./ordinary-user.ts";
import { runContract } from "./run-contract.ts";

function world(users: ContractWorld["users"], others: Partial<ContractWorld>): ContractWorld {
  const path = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-contract-"));
  chownSync(path, users[0].uid, users[0].gid);
  chmodSync(path, 0o755);
  const store = directoryStore(path);
  const secondClient = directoryStore(path);
  return {
    store,
    secondClient,
    users,
    ...others,
    cleanUp: async () => {
      await store.close();
      await secondClient.close();
      if (users.length === 1) chmodSync(path, 0o700);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

if (isRoot) {
  runContract({
    name: "directory served by root",
    open: async () => world([posixCredential(41001, 41001), posixCredential(41002, 41002)], { superuser }),
  });
} else process.stdout.write("does not apply: directory served by root: the tests run as an ordinary user\n");

asOrdinaryUser(() => {
  runContract({
    name: "directory served by an ordinary user",
    open: async () => world([posixCredential(ordinaryUser.uid, ordinaryUser.gid)], {}),
  });
});
