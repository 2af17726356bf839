import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { ask } from "../../../src/cli/control/client.ts";
import type { ControlRequest } from "../../../src/cli/control/protocol.ts";
import { ControlServer } from "../../../src/cli/control/server.ts";

const nothingRefused = { rescueDirectory: "/rescue", refusals: [], refusalCount: 0, standingCount: 0 };

const directory = mkdtempSync(join(tmpdir(), "holdfast-control-"));
const path = join(directory, "socket");
afterEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function rawExchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = createConnection(path, () => socket.write(text));
    socket.on("data", (piece) => {
      answer += piece.toString();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

it("carries a request, its progress and its answer", async () => {
  const requests: ControlRequest[] = [];
  const server = new ControlServer(async (request, progress) => {
    requests.push(request);
    progress({ kind: "progress", dirtyBytes: 7 });
    return { kind: "unmounted", left: [], ...nothingRefused };
  });
  await server.listen(path);
  const progress: number[] = [];
  const request: ControlRequest = { verb: "unmount", force: true, drainTimeoutMs: 5 };
  const answer = await ask(path, request, { silenceMsMax: 5000, progress: (line) => progress.push(line.dirtyBytes) });
  await server.close();
  expect(answer).toEqual({ kind: "unmounted", left: [], ...nothingRefused });
  expect(progress).toEqual([7]);
  expect(requests).toEqual([request]);
});

it("answers undefined where nobody listens, as after a kill", async () => {
  expect(await ask(path, { verb: "status" }, { silenceMsMax: 1000 })).toBeUndefined();
});

it("passes a failure of the mount on as a message", async () => {
  const server = new ControlServer(() => Promise.reject(new Error("no such luck")));
  await server.listen(path);
  const answer = await ask(path, { verb: "status" }, { silenceMsMax: 5000 });
  await server.close();
  expect(answer).toEqual({ kind: "error", message: "no such luck" });
});

it("refuses what is no request, and what never ends, without calling the mount", async () => {
  let called = 0;
  const server = new ControlServer(async () => {
    called += 1;
    return { kind: "error", message: "called" };
  });
  await server.listen(path);
  const answers = [
    await rawExchange("not json\n"),
    await rawExchange('{"verb":"destroy"}\n'),
    await rawExchange('{"verb":"unmount"}\n'),
    await rawExchange("null\n"),
    await rawExchange("x".repeat(70_000)),
  ];
  await server.close();
  for (const answer of answers) expect(answer).toContain("not one of this protocol");
  expect(called).toBe(0);
});

it("finishes the answer under way before it closes", async () => {
  let finish = (): void => {};
  let arrived = (): void => {};
  const under = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = new ControlServer(async () => {
    arrived();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return { kind: "unmounted", left: ["a"], ...nothingRefused };
  });
  await server.listen(path);
  const answer = ask(path, { verb: "unmount", force: false, drainTimeoutMs: undefined }, { silenceMsMax: 5000 });
  await under;
  const closed = server.close();
  finish();
  await closed;
  expect(await answer).toEqual({ kind: "unmounted", left: ["a"], ...nothingRefused });
});
