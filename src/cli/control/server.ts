/**
 * The side of a control socket that a running mount keeps: it takes one request a connection and hands it to the mount.
 * The directory of the socket is closed to other users, so whoever connects is the owner.
 */
import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { type ControlAnswer, type ControlProgress, type ControlRequest, encodeLine } from "./protocol.ts";

const connectionsMax = 32;
const requestCharactersMax = 64 * 1024;
const silenceMsMax = 10_000;

/** Answers one request; may report progress before. */
export type ControlHandler = (
  request: ControlRequest,
  progress: (line: ControlProgress) => void,
) => Promise<ControlAnswer>;

export class ControlServer {
  readonly #handler: ControlHandler;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #answersUnderWay = new Set<Promise<void>>();

  constructor(handler: ControlHandler) {
    this.#handler = handler;
    this.#server = createServer((socket) => this.#connected(socket));
    this.#server.maxConnections = connectionsMax;
  }

  /** Starts to listen. A socket that a killed server left is replaced; the caller knows that no other server lives. */
  async listen(path: string): Promise<void> {
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, resolve);
    });
  }

  /** Stops: finishes the answers under way, whose requests the handler must be able to end, and lets them be read. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await Promise.all(this.#answersUnderWay);
    for (const socket of this.#sockets) socket.end();
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 1000);
    await closed;
    clearTimeout(cutOff);
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // A client that goes away in the middle is no concern of the mount's.
    socket.on("error", () => socket.destroy());
    socket.setTimeout(silenceMsMax, () => socket.destroy());
    socket.setEncoding("utf8");
    let text = "";
    const receive = (piece: string): void => {
      text += piece;
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= requestCharactersMax) return;
      socket.off("data", receive);
      socket.resume();
      socket.setTimeout(0);
      const answer = this.#answer(socket, end < 0 ? "" : text.slice(0, end)).finally(() => {
        this.#answersUnderWay.delete(answer);
      });
      this.#answersUnderWay.add(answer);
    };
    socket.on("data", receive);
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const send = (value: ControlProgress | ControlAnswer): void => {
      if (socket.writable) socket.write(encodeLine(value));
    };
    const request = parseRequest(line);
    if (request === undefined) {
      send({ kind: "error", message: "the request is not one of this protocol" });
    } else {
      try {
        send(await this.#handler(request, send));
      } catch (thrown) {
        send({ kind: "error", message: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    }
    socket.end();
  }
}

function parseRequest(line: string): ControlRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { verb, force, drainTimeoutMs } = value as Record<string, unknown>;
  if (verb === "status") return { verb };
  if (verb !== "unmount" || typeof force !== "boolean") return undefined;
  return { verb, force, drainTimeoutMs: typeof drainTimeoutMs === "number" ? drainTimeoutMs : undefined };
}
