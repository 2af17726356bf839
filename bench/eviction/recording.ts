/**
 * Turns system calls into accesses: follows, for each process, which descriptor is open on which file at which position,
 * and which name belongs to which file. Only files under one directory count.
 *
 * What it cannot see: the single pages that a program touches in a mapping (the mapping counts as one visit of all of
 * its pages, when it is made), and reads that the C library's own buffers answered.
 */
import { isAbsolute, join, normalize } from "node:path";
import { type Access, type AccessKind, type AccessTrace, tracePageBytes } from "./access-trace.ts";
import { decorationOf, descriptorOf, type SystemCall, stringOf } from "./strace-calls.ts";

interface RecordedFile {
  readonly number: number;
  nameCount: number;
}

/** An open file description: what dup and fork share. */
interface Description {
  readonly file: RecordedFile;
  readonly handle: number;
  position: number;
}

interface Process {
  directory: string;
  readonly descriptors: Map<number, Description>;
}

/** Collects the accesses of one recording. */
export class Recording {
  readonly #root: string;
  readonly #startDirectory: string;
  readonly #files = new Map<string, RecordedFile>();
  readonly #processes = new Map<number, Process>();
  readonly #fileOfHandle: number[] = [];
  readonly #accesses: Access[] = [];
  #fileCount = 0;

  constructor(root: string, startDirectory: string) {
    this.#root = root.endsWith("/") ? root : `${root}/`;
    this.#startDirectory = startDirectory;
  }

  get trace(): AccessTrace {
    return { fileOfHandle: this.#fileOfHandle, accesses: this.#accesses };
  }

  take(call: SystemCall): void {
    const process = this.#process(call.process);
    const first = call.arguments[0];
    switch (call.name) {
      case "open":
      case "openat":
      case "creat":
        this.#open(process, call);
        return;
      case "close":
        process.descriptors.delete(descriptorOf(first));
        return;
      case "read":
      case "readv":
        this.#transfer(process, first, "read", call.result);
        return;
      case "write":
      case "writev":
        this.#transfer(process, first, "write", call.result);
        return;
      case "pread64":
        this.#transferAt(process, first, "read", Number(call.arguments.at(-1)), call.result);
        return;
      case "pwrite64":
        this.#transferAt(process, first, "write", Number(call.arguments.at(-1)), call.result);
        return;
      case "sendfile":
        this.#transfer(process, call.arguments[1], "read", call.result);
        this.#transfer(process, first, "write", call.result);
        return;
      case "copy_file_range":
        this.#transfer(process, first, "read", call.result);
        this.#transfer(process, call.arguments[2], "write", call.result);
        return;
      case "lseek": {
        const description = process.descriptors.get(descriptorOf(first));
        if (description !== undefined) description.position = call.result;
        return;
      }
      case "mmap":
        this.#map(process, call);
        return;
      case "ftruncate":
        if (call.arguments[1] === "0") this.#drop(process.descriptors.get(descriptorOf(first))?.file);
        return;
      default:
        this.#takeProcessOrName(process, call);
    }
  }

  #takeProcessOrName(process: Process, call: SystemCall): void {
    const [first, second, third, fourth] = call.arguments;
    switch (call.name) {
      case "dup":
      case "dup2":
      case "dup3":
      case "fcntl": {
        const description = process.descriptors.get(descriptorOf(first));
        const copies = call.name !== "fcntl" || second?.startsWith("F_DUPFD") === true;
        if (copies && description !== undefined) process.descriptors.set(call.result, description);
        return;
      }
      case "fork":
      case "vfork":
      case "clone":
      case "clone3": {
        const shares = call.arguments.some((argument) => argument.includes("CLONE_FILES"));
        const descriptors = shares ? process.descriptors : new Map(process.descriptors);
        this.#processes.set(call.result, { directory: process.directory, descriptors });
        return;
      }
      case "chdir":
        process.directory = this.#path(process, undefined, first);
        return;
      case "fchdir":
        process.directory = decorationOf(first) ?? process.directory;
        return;
      case "rename":
        this.#rename(this.#path(process, undefined, first), this.#path(process, undefined, second));
        return;
      case "renameat":
      case "renameat2":
        this.#rename(this.#path(process, first, second), this.#path(process, third, fourth));
        return;
      case "link":
        this.#link(this.#path(process, undefined, first), this.#path(process, undefined, second));
        return;
      case "linkat":
        this.#link(this.#path(process, first, second), this.#path(process, third, fourth));
        return;
      case "unlink":
        this.#unlink(this.#path(process, undefined, first));
        return;
      case "unlinkat":
        this.#unlink(this.#path(process, first, second));
        return;
      default:
    }
  }

  #process(number: number): Process {
    let process = this.#processes.get(number);
    if (process === undefined) {
      process = { directory: this.#startDirectory, descriptors: new Map() };
      this.#processes.set(number, process);
    }
    return process;
  }

  #path(process: Process, base: string | undefined, name: string | undefined): string {
    const text = stringOf(name);
    return normalize(isAbsolute(text) ? text : join(decorationOf(base) ?? process.directory, text));
  }

  #open(process: Process, call: SystemCall): void {
    const path = call.resultPath;
    process.descriptors.delete(call.result);
    if (
      path === undefined ||
      !path.startsWith(this.#root) ||
      call.arguments.some((part) => part.includes("O_DIRECTORY"))
    )
      return;
    const file = this.#fileAt(path);
    if (call.arguments.some((part) => part.includes("O_TRUNC"))) this.#drop(file);
    process.descriptors.set(call.result, this.#describe(file));
  }

  #fileAt(path: string): RecordedFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = { number: this.#fileCount++, nameCount: 1 };
      this.#files.set(path, file);
    }
    return file;
  }

  #describe(file: RecordedFile): Description {
    this.#fileOfHandle.push(file.number);
    return { file, handle: this.#fileOfHandle.length - 1, position: 0 };
  }

  #transfer(process: Process, descriptor: string | undefined, kind: AccessKind, byteCount: number): void {
    const description = process.descriptors.get(descriptorOf(descriptor));
    if (description === undefined) return;
    this.#access(description, kind, description.position, byteCount);
    description.position += byteCount;
  }

  #transferAt(process: Process, descriptor: string | undefined, kind: AccessKind, at: number, byteCount: number): void {
    const description = process.descriptors.get(descriptorOf(descriptor));
    if (description !== undefined) this.#access(description, kind, at, byteCount);
  }

  #map(process: Process, call: SystemCall): void {
    const description = process.descriptors.get(descriptorOf(call.arguments[4]));
    if (description === undefined) return;
    const kind =
      call.arguments[3]?.includes("MAP_SHARED") === true && call.arguments[2]?.includes("PROT_WRITE") === true;
    this.#access(
      this.#describe(description.file),
      kind ? "write" : "read",
      Number(call.arguments[5]),
      Number(call.arguments[1]),
    );
  }

  #access(description: Description, kind: AccessKind, at: number, byteCount: number): void {
    if (byteCount <= 0) return;
    const firstPage = Math.floor(at / tracePageBytes);
    const end = Math.ceil((at + byteCount) / tracePageBytes);
    const last = this.#accesses.at(-1);
    if (last !== undefined && last.handle === description.handle && last.kind === kind) {
      const lastEnd = last.firstPage + last.pageCount;
      if (firstPage === lastEnd || firstPage === lastEnd - 1) {
        last.pageCount = end - last.firstPage;
        return;
      }
    }
    this.#accesses.push({ kind, handle: description.handle, firstPage, pageCount: end - firstPage });
  }

  #drop(file: RecordedFile | undefined): void {
    const handle = file === undefined ? -1 : this.#fileOfHandle.lastIndexOf(file.number);
    if (handle >= 0) this.#accesses.push({ kind: "drop", handle, firstPage: 0, pageCount: 0 });
  }

  #rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) return;
    this.#unlink(to);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  #link(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) return;
    file.nameCount++;
    this.#files.set(to, file);
  }

  #unlink(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    if (--file.nameCount === 0) this.#drop(file);
  }
}
