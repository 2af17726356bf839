/** What `mount` was asked to do, read and judged before anything is touched. */
import { totalmem } from "node:os";
import { resolve } from "node:path";
import { maskSecrets } from "../../base/index.ts";
import { UsageError } from "../command-error.ts";
import { type LogFormat, type LogLevel, logFormats, logLevels } from "../log.ts";
import { formatSize, parseDuration, parseSize } from "../quantities.ts";
import { parseStoreUrl, type StoreLocation } from "../store-url.ts";
import type { OptionSpecification, VerbArguments } from "../verb.ts";
import { type RefusalSettings, readRefusalSettings, refusalOptions } from "./refusal-settings.ts";

export interface MountSettings extends RefusalSettings {
  /** The URL as it was typed, with secrets masked. */
  readonly urlText: string;
  /** The same with a whole path, for people who are elsewhere. */
  readonly url: string;
  readonly location: StoreLocation;
  /** The mount point as it was typed. */
  readonly directoryText: string;
  readonly directory: string;
  readonly pageSize: number;
  readonly budgetBytes: number;
  readonly dirtyLimitBytes: number;
  readonly dirtyBackgroundBytes: number;
  /** The largest read-ahead window; undefined leaves it to the cache. */
  readonly readaheadBytesMax: number | undefined;
  readonly attributeTimeoutMs: number;
  readonly storeTimeoutMs: number;
  readonly drainTimeoutMs: number;
  /** Whether a medium may lose what it took a second ago when it is pulled out. */
  readonly volatileWrites: boolean;
  readonly allowOther: boolean;
  readonly readOnly: boolean;
  readonly nonEmpty: boolean;
  readonly daemon: boolean;
  readonly json: boolean;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
  readonly logFile: string | undefined;
}

export const mountOptions: Readonly<Record<string, OptionSpecification>> = {
  "page-size": { value: "SIZE", summary: "Bytes a page of the cache, a power of two from 4K to 1M. Default 64K." },
  "cache-size": { value: "SIZE", summary: "Memory for cached pages, a hard limit. Default 256M." },
  "dirty-background": {
    value: "SIZE",
    summary: "Unsent bytes above which sending starts at once. Default half of the dirty limit.",
  },
  "dirty-limit": { value: "SIZE", summary: "Unsent bytes above which writers wait. Default half of the cache." },
  "read-ahead": { value: "SIZE", summary: "The most that is read ahead of a sequential reader. Default 128K." },
  "attribute-timeout": {
    value: "TIME",
    summary: "How long attributes, names and permissions are believed without asking the store again. Default 1s.",
  },
  "store-timeout": {
    value: "TIME",
    summary: "How long one operation of the store may take, at least 100ms. Default 30s.",
  },
  "drain-timeout": {
    value: "TIME",
    summary:
      "How long an unmount may take to send what is unsent; what is left then goes to rescue, in 10s more at most. Default 10min.",
  },
  ...refusalOptions,
  "volatile-writes": {
    summary:
      "On medium:, be faster with many small files; a medium pulled out loses what it took within the last second.",
  },
  "allow-other": { summary: "Let other users in; the kernel and the store check their permissions." },
  "read-only": { summary: "Mount for reading only." },
  "non-empty": { summary: "Mount over a directory that has files, hiding them." },
  daemon: { short: "d", summary: "Return once mounted and go on serving in the background." },
  "log-format": { value: "FORMAT", summary: "text (default) or json, one record a line, on standard error." },
  "log-level": { value: "LEVEL", summary: "error, warn, info (default) or debug." },
  "log-file": { value: "FILE", summary: "Append the log to a file, kept under 8 MiB." },
  json: { summary: "Print what is meant for programs: JSON, one value a line." },
};

const defaults = { pageSize: "64K", cacheSize: "256M", attribute: "1s", store: "30s", drain: "10min" };
/** Below this every operation of a store that is well would be given up. */
const storeTimeoutMsMin = 100;
const pageBytesMin = 4096;
const pageBytesMax = 1024 * 1024;
/** A read and a write under way, a copy, and some pages to choose from. */
const cachePagesMin = 16;

export function readMountSettings({ positionals, values, switches }: VerbArguments): MountSettings {
  const [urlText = "", directoryText = ""] = positionals;
  const logFile = values["log-file"];
  const readAhead = values["read-ahead"];
  const location = parseStoreUrl(urlText);
  const volatileWrites = switches.has("volatile-writes");
  if (volatileWrites && !location.url.startsWith("medium:")) {
    throw new UsageError("--volatile-writes is for medium: alone; leave it out for other stores");
  }
  return {
    urlText: maskSecrets(urlText),
    url: maskSecrets(location.url),
    location,
    directoryText,
    directory: resolve(directoryText),
    ...readSizes(values),
    readaheadBytesMax: readAhead === undefined ? undefined : parseSize(readAhead, "--read-ahead"),
    attributeTimeoutMs: parseDuration(values["attribute-timeout"] ?? defaults.attribute, "--attribute-timeout"),
    storeTimeoutMs: readStoreTimeout(values["store-timeout"] ?? defaults.store),
    drainTimeoutMs: parseDuration(values["drain-timeout"] ?? defaults.drain, "--drain-timeout"),
    ...readRefusalSettings({ values }),
    volatileWrites,
    allowOther: switches.has("allow-other"),
    readOnly: switches.has("read-only"),
    nonEmpty: switches.has("non-empty"),
    daemon: switches.has("daemon"),
    json: switches.has("json"),
    logFormat: oneOf(values["log-format"] ?? "text", logFormats, "--log-format"),
    logLevel: oneOf(values["log-level"] ?? "info", logLevels, "--log-level"),
    logFile: logFile === undefined ? undefined : resolve(logFile),
  };
}

function readStoreTimeout(text: string): number {
  const ms = parseDuration(text, "--store-timeout");
  if (ms < storeTimeoutMsMin) throw new UsageError(`--store-timeout must be at least 100ms, not "${text}"`);
  return ms;
}

function readSizes(
  values: VerbArguments["values"],
): Pick<MountSettings, "pageSize" | "budgetBytes" | "dirtyLimitBytes" | "dirtyBackgroundBytes"> {
  const pageSize = parseSize(values["page-size"] ?? defaults.pageSize, "--page-size");
  if (!Number.isInteger(Math.log2(pageSize)) || pageSize < pageBytesMin || pageSize > pageBytesMax) {
    throw new UsageError(`--page-size wants a power of two from 4K to 1M, such as 64K, not "${values["page-size"]}"`);
  }
  const budgetBytes = parseSize(values["cache-size"] ?? defaults.cacheSize, "--cache-size");
  const budgetBytesMin = pageSize * cachePagesMin;
  if (budgetBytes < budgetBytesMin) {
    throw new UsageError(
      `--cache-size must hold at least ${cachePagesMin} pages, which is ${formatSize(budgetBytesMin)} with this page size`,
    );
  }
  const budgetBytesMax = memoryBytes();
  if (budgetBytes > budgetBytesMax) {
    throw new UsageError(`--cache-size must fit into the memory of this machine, ${formatSize(budgetBytesMax)}`);
  }
  const dirtyLimit = values["dirty-limit"];
  const dirtyLimitBytes =
    dirtyLimit === undefined ? Math.floor(budgetBytes / 2) : parseSize(dirtyLimit, "--dirty-limit");
  if (dirtyLimitBytes < pageSize || dirtyLimitBytes > budgetBytes) {
    throw new UsageError("--dirty-limit must be at least a page and at most the --cache-size");
  }
  const background = values["dirty-background"];
  const dirtyBackgroundBytes =
    background === undefined ? Math.floor(dirtyLimitBytes / 2) : parseSize(background, "--dirty-background");
  if (dirtyBackgroundBytes >= dirtyLimitBytes) {
    throw new UsageError("--dirty-background must be below the --dirty-limit");
  }
  return { pageSize, budgetBytes, dirtyLimitBytes, dirtyBackgroundBytes };
}

/** The machine's memory, or what this process may have of it. */
function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

function oneOf<Choice extends string>(text: string, choices: readonly Choice[], option: string): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`${option} is one of ${choices.join(", ")}, not "${text}"`);
  return found;
}
