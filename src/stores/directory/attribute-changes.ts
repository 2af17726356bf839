/** Changes of attributes: permission first, for all of them together; then size, owner, mode and times, in this order. */
import { Failure } from "../../base/index.ts";
import {
  type AttributeChanges,
  type ChangedAttributes,
  type Credential,
  type Rights,
  rightsAfter,
} from "../../port/index.ts";
import { changeMode, changeOwner, changeTimes, type FileStatus, statusOf } from "../../system/index.ts";
import { attributesOf, versionOf } from "./attributes.ts";
import { checked } from "./authority.ts";
import { noteSameBytes, resize } from "./content.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";

export async function setAttributes(
  server: DirectoryServer,
  node: DirectoryNode,
  changes: AttributeChanges,
  credential: Credential,
): Promise<ChangedAttributes> {
  if (changes.size === undefined) {
    return server.locator.use(node, "setattr", (fd, status) => {
      const rights = permitted(server, node, changes, credential, fd, status);
      return apply(server, node, changes, rights, fd, status);
    });
  }
  server.locator.use(node, "truncate", (fd, status) => permitted(server, node, changes, credential, fd, status));
  const previous = await resize(server, node, changes.size);
  return server.locator.use(node, "setattr", (fd, status) => {
    // The file may have changed hands during the cut: what else was asked for is permitted again, or not.
    const { size: _, ...others } = changes;
    const rights = permitted(server, node, others, credential, fd, status);
    return { ...apply(server, node, others, rights, fd, status), previous };
  });
}

function permitted(
  server: DirectoryServer,
  node: DirectoryNode,
  changes: AttributeChanges,
  credential: Credential,
  fd: number,
  status: FileStatus,
): Rights {
  server.holds.notice(node, status);
  if (node.kind === "symbolicLink" && changes.mode !== undefined) throw new Failure("ENOTSUP", { syscall: "chmod" });
  return rightsAfter(attributesOf(status), changes, credential, () =>
    server.holds.permits(node, "write", credential, fd, status),
  );
}

function apply(
  server: DirectoryServer,
  node: DirectoryNode,
  changes: AttributeChanges,
  rights: Rights,
  fd: number,
  before: FileStatus,
): ChangedAttributes {
  if (changes.uid !== undefined || changes.gid !== undefined) {
    checked(changeOwner(fd, changes.uid, changes.gid), "chown");
  }
  // Where the server may not, the kernel takes set-id bits away itself, with the write.
  const killsSetId = changes.killSetId === true && server.authority.mayChangeMode(before);
  const changesMode = changes.mode !== undefined || killsSetId;
  if (changesMode && node.kind !== "symbolicLink" && (changes.mode !== undefined || rights.mode !== modeOf(fd))) {
    checked(changeMode(fd, rights.mode), "chmod");
  }
  if (changes.accessTimeNs !== undefined || changes.modifyTimeNs !== undefined) {
    checked(changeTimes(fd, changes.accessTimeNs, changes.modifyTimeNs), "utimensat");
  }
  if (changes.mode !== undefined || changes.uid !== undefined || changes.gid !== undefined) node.maker = undefined;
  const after = checked(statusOf(fd), "setattr");
  server.holds.adopt(node, after);
  if (after.size === before.size) noteSameBytes(node, versionOf(before), versionOf(after));
  return { ...attributesOf(after), previous: versionOf(before) };
}

function modeOf(fd: number): number {
  return checked(statusOf(fd), "setattr").mode & 0o7777;
}
