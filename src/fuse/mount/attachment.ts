/**
 * A directory joined to a device: how the kernel comes to ask us. As root through mount(2), otherwise through fusermount3.
 * Everything that may look at the mounted tree (stat, mount, umount) runs off the event loop, which serves that tree.
 */

import { closeSync, constants, openSync } from "node:fs";
import { realpath, stat, writeFile } from "node:fs/promises";
import { Failure, failureFrom } from "../../base/index.ts";
import { mount, mountFlags, unmount } from "../../system/index.ts";
import { payloadBytesMax } from "../wire/init.ts";
import { clearDeadMount } from "./dead-mount.ts";
import { escapeOption, mountAsUser, unmountAsUser } from "./fusermount.ts";
import { mountedOn, mountType } from "./mount-table.ts";

/** Requests under way get errors at once, and the directory is free although programs still hold files below it. */
const abortAndDetach = mountFlags.MNT_FORCE | mountFlags.MNT_DETACH;

export interface AttachmentOptions {
  /** Shown as the source of the mount. */
  readonly source: string;
  /** Other users may use the mount; their permissions are checked by the kernel and by the store. */
  readonly allowOther: boolean;
  readonly readOnly: boolean;
}

export interface Attachment {
  /** The directory in full, free of symbolic links. */
  readonly directory: string;
  /** The device; it does not block. */
  readonly descriptor: number;
  /** Takes the mount away: EBUSY while files are open, unless `lazily`. */
  detach(lazily: boolean): Promise<void>;
}

/** Mounts on an existing directory; a dead mount of ours that lies there is cleared first. */
export async function attach(directory: string, options: AttachmentOptions): Promise<Attachment> {
  await clearDeadMount(directory);
  const target = await existingDirectory(directory);
  await deviceIsThere();
  const privileged = process.geteuid?.() === 0;
  const descriptor = privileged ? await mountAsRoot(target, options) : await mountAsUser(target, userOptions(options));
  return {
    directory: target,
    descriptor,
    detach: (lazily) => (privileged ? unmount(target, lazily ? abortAndDetach : 0) : detachAsUser(target, lazily)),
  };
}

/** fusermount3 cannot abort, but the kernel lets whoever mounted do so through its control files, where they are there. */
async function detachAsUser(directory: string, lazily: boolean): Promise<void> {
  const connection = (await mountedOn(directory))?.device.split(":")[1];
  await unmountAsUser(directory, lazily);
  if (lazily) await writeFile(`/sys/fs/fuse/connections/${connection}/abort`, "1").catch(noControlFiles);
}

function noControlFiles(): void {}

async function existingDirectory(directory: string): Promise<string> {
  try {
    const target = await realpath(directory);
    if ((await stat(target)).isDirectory()) return target;
  } catch (thrown) {
    throw failureFrom(thrown, { syscall: "mount", path: directory });
  }
  throw new Failure("ENOTDIR", { syscall: "mount", path: directory });
}

/** Whether this process may open the device itself matters to root alone: fusermount3 opens it for everybody else. */
async function deviceIsThere(): Promise<void> {
  try {
    if ((await stat("/dev/fuse")).isCharacterDevice()) return;
  } catch {
    // Told below.
  }
  const detail = "there is no /dev/fuse: is the fuse module loaded, and has this container the device?";
  throw new Failure("ENODEV", { syscall: "mount", path: "/dev/fuse", detail });
}

async function mountAsRoot(directory: string, options: AttachmentOptions): Promise<number> {
  const descriptor = openDevice();
  const data = [`fd=${descriptor}`, "rootmode=40000", "user_id=0", "group_id=0", ...commonOptions(options)].join(",");
  const flags = mountFlags.MS_NOSUID | mountFlags.MS_NODEV | (options.readOnly ? mountFlags.MS_RDONLY : 0);
  try {
    await mount(options.source, directory, mountType, flags, data);
    return descriptor;
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

function openDevice(): number {
  try {
    return openSync("/dev/fuse", constants.O_RDWR | constants.O_NONBLOCK);
  } catch (thrown) {
    throw failureFrom(thrown, { syscall: "mount", path: "/dev/fuse" });
  }
}

function commonOptions(options: AttachmentOptions): string[] {
  return ["default_permissions", ...(options.allowOther ? ["allow_other"] : []), `max_read=${payloadBytesMax}`];
}

function userOptions(options: AttachmentOptions): string[] {
  const names = [`fsname=${escapeOption(options.source)}`, "subtype=holdfast", "nosuid", "nodev"];
  return [...commonOptions(options), ...names, ...(options.readOnly ? ["ro"] : [])];
}
