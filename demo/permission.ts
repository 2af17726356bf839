/** The first act: a server takes a permission away after a write was answered, and before it was sent. */
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rescue } from "holdfast/rescue";
import { answerOf, type Narrator, type Stage } from "./stage.ts";

const name = "report.txt";
const before = "What the server has.";
const added = " And what client 1 adds.";

export interface PermissionStory {
  readonly sizeWritten: number;
  /** What each handle's sync said, in the order they were asked. */
  readonly answers: readonly string[];
  readonly contentAfter: string;
  readonly sizeAfter: number;
  readonly rescued: string;
  readonly restored: string;
}

export async function permissionStory(stage: Stage, narrator: Narrator): Promise<PermissionStory> {
  const path = join(stage.served, name);
  await writeFile(path, before, { mode: 0o644 });
  await stage.giveToUser(path);
  const volume = await stage.openClient();

  narrator.act("Act 1: permission is taken away");
  narrator.tell(
    `Client 1 opens ${name} three times and writes at its end. The write is answered at once; the bytes are in its cache.`,
  );
  const writer = await volume.open(`/${name}`, "r+");
  const alsoWriter = await volume.open(`/${name}`, "r+");
  const reader = await volume.open(`/${name}`, "r");
  await writer.write(added, before.length);
  const sizeWritten = (await writer.stat()).size;
  narrator.show("client 1 reads", quoted(await reader.readFile({ encoding: "utf8" })));
  narrator.show("size there", String(sizeWritten));
  narrator.show("the server has", quoted(await readFile(path, "utf8")));

  narrator.tell("Another client of the server takes the right to write away (chmod 444).");
  await chmod(path, 0o444);

  narrator.tell(
    "Client 1 asks for its bytes to be made durable, through each of its handles, twice through the first.",
  );
  const answers = [
    await answerOf(writer.sync()),
    await answerOf(alsoWriter.sync()),
    await answerOf(reader.sync()),
    await answerOf(writer.sync()),
  ];
  for (const [index, who] of ["first handle", "second handle", "the reader", "first handle again"].entries()) {
    narrator.show(who, answers[index] ?? "");
  }

  narrator.tell(
    "The refused bytes are gone from the cache, and the size is the server's again. Nothing is lost: they are in rescue.",
  );
  const contentAfter = await volume.promises.readFile(`/${name}`, { encoding: "utf8" });
  const sizeAfter = (await volume.promises.stat(`/${name}`)).size;
  narrator.show("client 1 reads", quoted(contentAfter));
  narrator.show("size there", String(sizeAfter));
  const [entry] = await stage.rescue.list();
  if (entry === undefined) throw new Error("nothing was rescued");
  const rescued = await bytesOf(stage.rescue, entry.id);
  narrator.show(`rescue entry ${entry.id}`, quoted(rescued));

  narrator.tell("The right comes back, and a person restores the entry.");
  await chmod(path, 0o644);
  const restorer = stage.openStore();
  try {
    await stage.rescue.restore(entry.id, restorer, { discard: true });
  } finally {
    await restorer.close();
  }
  const restored = await readFile(path, "utf8");
  narrator.show("the server has", quoted(restored));
  narrator.show("server's size", String((await stat(path)).size));
  for (const handle of [writer, alsoWriter, reader]) await handle.close();
  return { sizeWritten, answers, contentAfter, sizeAfter, rescued, restored };
}

export async function bytesOf(rescue: Rescue, id: string): Promise<string> {
  let text = "";
  for await (const { bytes } of rescue.read(id)) text += Buffer.from(bytes).toString("utf8");
  return text;
}

export function quoted(text: string): string {
  return JSON.stringify(text);
}
