/** The second act: somebody else changes a file on the server while client 1 has unsent bytes of it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, quoted } from "./permission.ts";
import { answerOf, type Narrator, type Stage } from "./stage.ts";

const name = "plan.txt";

export interface ConflictStory {
  readonly answer: string;
  readonly contentAfter: string;
  readonly rescued: string;
  readonly restoreAnswer: string;
}

export async function conflictStory(stage: Stage, narrator: Narrator): Promise<ConflictStory> {
  const path = join(stage.served, name);
  await writeFile(path, "Meet at noon.", { mode: 0o644 });
  await stage.giveToUser(path);
  const volume = await stage.openClient();

  narrator.act("Act 2: a conflict");
  narrator.tell(
    `Client 1 writes into ${name}; another client changes the same file on the server before the bytes are sent.`,
  );
  const handle = await volume.open(`/${name}`, "r+");
  await handle.read(new Uint8Array(5), 0, 5, 0);
  await handle.write("two! ", 8);
  await writeFile(path, "Meet at four, by the river.");

  narrator.tell(
    "The write was based on a version that the file is no longer at. The store refuses it, and nobody's bytes are overwritten.",
  );
  const answer = await answerOf(handle.sync());
  narrator.show("client 1's sync", answer);
  const contentAfter = await volume.promises.readFile(`/${name}`, { encoding: "utf8" });
  narrator.show("client 1 reads", quoted(contentAfter));
  narrator.show("the server has", quoted(await readFile(path, "utf8")));
  const entry = (await stage.rescue.list()).at(-1);
  if (entry === undefined) throw new Error("nothing was rescued");
  const rescued = await bytesOf(stage.rescue, entry.id);
  narrator.show(`rescue entry ${entry.id}`, quoted(rescued));

  narrator.tell("Restoring it by mistake is refused too, unless the person says that it shall overwrite.");
  const restorer = stage.openStore();
  const restoreAnswer = await answerOf(stage.rescue.restore(entry.id, restorer)).finally(() => restorer.close());
  narrator.show("restore", restoreAnswer);
  await handle.close();
  return { answer, contentAfter, rescued, restoreAnswer };
}
