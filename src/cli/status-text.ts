/** A mount's status as lines for people. */
import type { DirtyFileStatus, MountStatus, OpenFileStatus } from "./control/protocol.ts";
import { printable } from "./printable.ts";
import { formatDuration, formatSize } from "./quantities.ts";
import { refusalLines } from "./refusal-text.ts";

/** A mount as `status` lists it: fully, or with what is known when its server does not answer. */
export type ListedMount =
  | MountStatus
  | { readonly directory: string; readonly url: string; readonly state: "dead" }
  | { readonly directory: string; readonly url: string; readonly state: "not answering" };

const shownFilesMax = 20;

export function statusLines(mount: ListedMount): string[] {
  if (mount.state === "dead") {
    return [
      `${mount.directory}  ${mount.url}  dead: its server ended; clear it with holdfast unmount ${mount.directory}`,
    ];
  }
  if (mount.state === "not answering") return [`${mount.directory}  ${mount.url}  its server does not answer`];
  const age = formatDuration(Date.now() - mount.mountedAtMs);
  return [
    `${mount.directory}  ${mount.url}  ${mount.state}, process ${mount.processId}, for ${age}`,
    ...numberLines("volume", mount.volume),
    ...numberLines("mount", mount.requests),
    ...fileLines("unsent", mount.dirtyFiles, dirtyLine, formatSize(mount.dirtyBytes)),
    ...refusedLines(mount),
    ...fileLines("open", mount.openFiles, openLine, countOf(mount.openFiles.length, "file")),
  ];
}

/** The numbers of a snapshot, a group a line; nested groups get lines of their own. Zeros are left out, but those of bytes. */
function numberLines(title: string, group: Readonly<Record<string, unknown>>): string[] {
  const pairs: string[] = [];
  const nested: string[] = [];
  for (const [name, value] of Object.entries(group)) {
    if (typeof value === "number") {
      const isBytes = /bytes|size$/i.test(name);
      if (value !== 0 || isBytes)
        pairs.push(
          isBytes ? `${inWords(name).replace(/ bytes$/, "")} ${formatSize(value)}` : `${inWords(name)} ${value}`,
        );
    } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      nested.push(...numberLines(inWords(name), value as Readonly<Record<string, unknown>>));
    }
  }
  const own = pairs.length === 0 ? [] : [`  ${title}: ${pairs.join(", ")}`];
  return [...own, ...nested];
}

/** `cachedPages` as "cached pages"; error codes and names of requests stay as they are. */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

function countOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function fileLines<File>(title: string, files: readonly File[], line: (file: File) => string, sum: string): string[] {
  if (files.length === 0) return [];
  const shown = files.slice(0, shownFilesMax).map((file) => `    ${line(file)}`);
  const more = files.length > shownFilesMax ? [`    and ${files.length - shownFilesMax} more`] : [];
  return [`  ${title}: ${sum}`, ...shown, ...more];
}

function dirtyLine({ path, dirtyBytes, unrescuedBytes }: DirtyFileStatus): string {
  const unrescued = unrescuedBytes === 0 ? "" : `${formatSize(unrescuedBytes)} refused and in memory only`;
  const unsent = dirtyBytes === 0 && unrescued !== "" ? "" : formatSize(dirtyBytes);
  return `${printable(path)}  ${[unsent, unrescued].filter(Boolean).join(", ")}`;
}

function refusedLines(mount: MountStatus): string[] {
  const lines = refusalLines(mount, shownFilesMax);
  if (lines.length === 0) return [];
  const { refusalCount, standingCount } = mount;
  const disposed = standingCount === 0 ? ", all disposed of" : `, ${standingCount} of them not disposed of`;
  const head = `  refused: ${countOf(refusalCount, "time")}${standingCount === refusalCount ? "" : disposed}`;
  return [head, ...lines.map((line) => `    ${line}`)];
}

function openLine(file: OpenFileStatus): string {
  const opener = file.processId === undefined ? "" : `, process ${file.processId}`;
  return `${printable(file.path)}  for ${file.access}, user ${file.uid}${opener}`;
}
