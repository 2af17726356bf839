/** The third act: the medium that the files live on is taken out, another one is put in, and the first comes back. */
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { openVolume } from "holdfast";
import { replay } from "holdfast/rescue";
import { directoryStore } from "holdfast/stores/directory";
import { directoryDrive, markMedium, mediumStore } from "holdfast/stores/medium";
import { bytesOf, quoted } from "./permission.ts";
import { answerOf, type Narrator, type Stage } from "./stage.ts";

const name = "diary.txt";

export interface MediumStory {
  readonly answer: string;
  readonly parked: string;
  readonly onTheOther: readonly string[];
  readonly afterReturn: string;
  readonly entriesLeft: number;
}

/** Media are directories that a hand moves in and out of the place where the drive is. */
export async function mediumStory(stage: Stage, narrator: Narrator): Promise<MediumStory> {
  const drive = join(stage.served, "drive");
  const first = join(stage.served, "disk one");
  const second = join(stage.served, "disk two");
  await mkdir(first, { mode: 0o777 });
  await mkdir(second);
  await rename(first, drive);
  await stage.giveToUser(drive);
  const url = `medium:${drive}#${await markMedium(drive)}`;
  const store = await mediumStore(directoryDrive(drive, () => directoryStore(drive, { staysWithRoot: true })));
  await using rescue = await stage.openRescueFor(url);
  const volume = await openVolume(store, { credential: stage.user, rescue, refusalActions: { media: "salvage" } });
  try {
    narrator.act("Act 3: a medium is taken out");
    narrator.tell(
      `Client 1 writes into ${name} on a disk that can be taken out. Somebody takes it out and puts another one in.`,
    );
    await volume.promises.writeFile(`/${name}`, "Monday.");
    await volume.sync();
    const handle = await volume.open(`/${name}`, "r+");
    await handle.write("Monday. Tuesday.", 0);
    await rename(drive, first);
    await rename(second, drive);
    await store.look();

    narrator.tell(
      "The bytes cannot be delivered now. They are parked, and client 1 is told. The other disk gets nothing.",
    );
    const answer = await answerOf(handle.sync());
    narrator.show("client 1's sync", answer);
    const onTheOther = await readdir(drive);
    narrator.show("on the other disk", onTheOther.length === 0 ? "nothing" : onTheOther.join(", "));
    const entry = (await rescue.list()).at(-1);
    if (entry === undefined) throw new Error("nothing was parked");
    const parked = await bytesOf(rescue, entry.id);
    narrator.show(`parked as ${entry.id}`, quoted(parked));

    narrator.tell("The first disk comes back. It is recognised, and gets what is its own.");
    await rename(drive, second);
    await rename(first, drive);
    await store.look();
    await replay(rescue, store, url);
    const afterReturn = await readFile(join(drive, name), "utf8");
    narrator.show("on the first disk", quoted(afterReturn));
    const entriesLeft = (await rescue.list()).length;
    await handle.close();
    return { answer, parked, onTheOther, afterReturn, entriesLeft };
  } finally {
    await volume.close();
  }
}
