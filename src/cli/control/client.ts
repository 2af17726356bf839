/** The side of a control socket that the other verbs use: asks a running mount one question. */
import { createConnection } from "node:net";
import { type ControlAnswer, type ControlProgress, type ControlRequest, encodeLine, lineBytesMax } from "./protocol.ts";

export interface AskOptions {
  /** How long the server may say nothing. While it drains it reports every second. */
  readonly silenceMsMax: number;
  readonly progress?: (line: ControlProgress) => void;
}

/**
 * Asks; undefined means that no server listens there: it ended, or was killed. A server that says nothing for too long is
 * an error.
 */
export function ask(path: string, request: ControlRequest, options: AskOptions): Promise<ControlAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    let answer: ControlAnswer | undefined;
    socket.setEncoding("utf8");
    socket.setTimeout(options.silenceMsMax, () => {
      socket.destroy(new Error(`the server of the mount said nothing for ${options.silenceMsMax / 1000} s`));
    });
    socket.on("connect", () => socket.write(encodeLine(request)));
    socket.on("data", (piece: string) => {
      text += piece;
      if (text.length > lineBytesMax) socket.destroy(new Error("the server's answer is too long"));
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const line = JSON.parse(text.slice(0, end)) as ControlProgress | ControlAnswer;
        text = text.slice(end + 1);
        if (line.kind === "progress") options.progress?.(line);
        else answer = line;
      }
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
    socket.on("close", () => {
      if (answer === undefined) reject(new Error("the server of the mount went away without an answer"));
      else resolve(answer);
    });
  });
}
