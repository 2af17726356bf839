/**
 * One cause, one contender. Two processes of the same user have the file open for writing, another user's has it open for
 * reading. The first writes a piece and is answered; the server comes to say no; the first writes another piece, and then
 * everybody does what tells errors: fsync, fsync, close, close. What each heard is noted, then what a reader is shown, what
 * the server has, what is kept, and what can be brought back when the cause has gone.
 */
import { until } from "../../test/kit/until.ts";
import { type Person, Worker } from "../../test/kit/worker.ts";
import { Calls } from "./calls.ts";
import type { Cause } from "./causes.ts";
import type { Client, Contender, Kept } from "./contender.ts";
import { countDifferent, countIn, countMissing, imageOf, imageOfText } from "./evidence.ts";
import { fileName, firstPiece, Ground, type Piece, secondPiece } from "./ground.ts";
import { type Shown, whatIsShown } from "./shown.ts";
import { writer } from "./ssh-server.ts";

const readerUser: Person = { uid: 1103, gid: 1103 };
/** A worker is let wait until its trial ends. */
const workerMsMax = 300_000;

interface KeptBytes {
  readonly where: string;
  readonly bytes: number;
}

export interface Outcome {
  readonly firstErrorSeconds: number | undefined;
  /** What a log only told, and after how many seconds. */
  readonly logged: { readonly seconds: number; readonly line: string } | undefined;
  readonly writerHeard: string;
  readonly otherHeard: string;
  readonly shown: Shown;
  /** Bytes of others that were on the server when the cause came into force and are no longer. */
  readonly destroyedBytes: number;
  /** Bytes that write(2) took from the writer. */
  readonly takenBytes: number;
  /** How many of those the server has. */
  readonly storedBytes: number;
  readonly kept: readonly KeptBytes[];
  readonly broughtBack: { readonly how: string; readonly bytes: number };
}

export async function runTrial(directory: string, cause: Cause, contender: Contender): Promise<Outcome> {
  await using ground = await Ground.prepare(directory, cause.disk);
  await using client = await contender.start(ground);
  const start = (person: Person): Promise<Worker> => Worker.start(ground.scratch, client.point, person, workerMsMax);
  await using first = await start(writer);
  await using second = await start(writer);
  await using reader = await start(readerUser);
  const writing = new Calls(first, await first.do("open", fileName, "r+"));
  const other = new Calls(second, await second.do("open", fileName, "r+"));
  const reading = new Calls(reader, await reader.do("open", fileName, "r"));
  await first.do("write", writing.file, firstPiece.text, firstPiece.offset);
  await reading.content();

  let isInForce = false;
  const takeAway = async (): Promise<void> => {
    if (isInForce) await cause.undo?.(ground);
    isInForce = false;
  };
  try {
    await cause.apply(ground);
    isInForce = true;
    const startMs = performance.now();
    await writing.call("write", secondPiece.text, secondPiece.offset);
    for (const one of [writing, other]) await one.call("fsync");
    for (const one of [writing, other]) await one.call("close");
    const isAnswered = !writing.isStuck && !other.isStuck;
    const logged = isAnswered ? await client.settled() : undefined;
    const shown = await whatIsShown(ground, reading);
    const taken = writing.heard("write") === "ok" ? [firstPiece, secondPiece] : [firstPiece];
    const stored = await ground.content();
    const kept = keptOf(taken, imageOfText(stored), await client.kept(), shown);
    await reading.call("close");
    const how = await client.restore(takeAway);
    const errorsMs = [writing.firstErrorMs, other.firstErrorMs].filter((at) => at !== undefined);
    return {
      firstErrorSeconds: errorsMs.length === 0 ? undefined : (Math.min(...errorsMs) - startMs) / 1000,
      logged: logged && { seconds: (logged.atMs - startMs) / 1000, line: logged.line },
      writerHeard: writing.summary,
      otherHeard: other.summary,
      shown,
      destroyedBytes: countDifferent(cause.others, stored),
      takenBytes: taken.reduce((sum, { text }) => sum + text.length, 0),
      storedBytes: countIn(imageOfText(stored), taken),
      kept,
      broughtBack: { how, bytes: await arrived(ground, client, taken) },
    };
  } finally {
    await takeAway().catch((error: unknown) => console.error(`${cause.name} was not taken away:`, error));
  }
}

/** Of the bytes that the server lacks under the file's name, where they are. */
function keptOf(taken: readonly Piece[], stored: Buffer, places: readonly Kept[], shown: Shown): KeptBytes[] {
  const found = places.map(({ where, pieces }) => ({ where, bytes: countMissing(stored, imageOf(pieces), taken) }));
  if (found.every(({ bytes }) => bytes === 0)) {
    found.push({ where: "seen through the mount only", bytes: countMissing(stored, imageOfText(shown.text), taken) });
  }
  return found.filter(({ bytes }) => bytes > 0);
}

/** How many bytes of the pieces the server has in the end; waits as long as the client may need for all of them. */
async function arrived(ground: Ground, client: Client, taken: readonly Piece[]): Promise<number> {
  const all = taken.reduce((sum, { text }) => sum + text.length, 0);
  const count = async (): Promise<number> => countIn(imageOfText(await ground.content()), taken);
  await until("everything is on the server", async () => (await count()) === all, client.patienceMs).catch(() => {});
  return await count();
}
