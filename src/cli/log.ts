/**
 * The log: each line has a level, a time, a message and fields, as text for people or as JSON for programs. Secrets are
 * masked here, in the one place that every line passes.
 */
import { maskSecrets } from "../base/index.ts";

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ["text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** Where finished lines go; each ends with a newline. */
export type LogSink = (line: string) => void;

export class Log {
  readonly #sink: LogSink;
  readonly #format: LogFormat;
  readonly #rankMax: number;
  readonly #fields: LogFields;

  constructor(sink: LogSink, format: LogFormat, level: LogLevel, fields: LogFields = {}) {
    this.#sink = sink;
    this.#format = format;
    this.#rankMax = logLevels.indexOf(level);
    this.#fields = fields;
  }

  error(message: string, fields: LogFields = {}): void {
    this.#write("error", message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#write("warn", message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#write("info", message, fields);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#write("debug", message, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields): void {
    if (logLevels.indexOf(level) > this.#rankMax) return;
    this.#sink(logLine(this.#format, level, message, { ...this.#fields, ...fields }));
  }
}

/** One finished line, with the time of now. */
export function logLine(format: LogFormat, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date().toISOString();
  return `${format === "json" ? jsonLine(level, time, message, fields) : textLine(level, time, message, fields)}\n`;
}

function jsonLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  const record: Record<string, unknown> = { time, level, message: maskSecrets(message) };
  for (const [name, value] of Object.entries(fields))
    record[name] = typeof value === "string" ? maskSecrets(value) : value;
  return JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

function textLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${textValue(value)}`);
  return `${time} ${level.padEnd(5)} ${oneLine(maskSecrets(message))}${pairs.join("")}`;
}

function textValue(value: LogFields[string]): string {
  const text = maskSecrets(String(value));
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

/** A file name may hold a newline; a log line may not. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
