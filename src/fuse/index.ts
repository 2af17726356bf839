/** The door of the fuse room: a volume as a directory that every program can use. docs/mount.md is its primer. */
export { clearDeadMount, type MountHealth, mountHealth } from "./mount/dead-mount.ts";
export { mountedOn, mountType } from "./mount/mount-table.ts";
export { type Mount, type MountCounters, type MountOptions, mountVolume } from "./mount-volume.ts";
export type { MountLog } from "./session/mount-log.ts";
