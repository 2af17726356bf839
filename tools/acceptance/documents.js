/**
 * What was asked and what is promised, read from the documents that say it: the requirements of docs/acceptance.md, each
 * with its state, and the guarantees of docs/semantics.md, which all hold.
 *
 * A requirement is an item of a list, and so is a guarantee:
 *
 *     - **S0.1** done. What is asked, in whole sentences,
 *       over as many lines as it takes.
 *     - **S0.7** open. What is asked. *Missing:* what it takes.
 *     - **G1** What is guaranteed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How many requirements each of the series has. */
const requirementCounts = { "S0.": 39, "S0.R": 12, "S1.": 12, "S2.": 12, "S3.": 15, "S4.": 13, "S5.": 15 };

const everyRequirement = Object.entries(requirementCounts).flatMap(([series, count]) =>
  Array.from({ length: count }, (_, index) => `${series}${index + 1}`),
);

/** The items of a list that begin with a bold word, as { id, text }, each joined to one line. */
function itemsOf(markdown) {
  const items = [...markdown.matchAll(/^- \*\*([^*]+)\*\* (.*(?:\n {2}\S.*)*)/gm)];
  return items.map(([, id, text]) => ({ id, text: text.replace(/\n {2}/g, " ") }));
}

/** Reads both documents; answers { entries, mistakes }, an entry being { id, state, text }. */
export function readDocuments(root) {
  const mistakes = [];
  const read = (name) => readFileSync(join(root, "docs", name), "utf8");
  const requirements = itemsOf(read("acceptance.md")).map(({ id, text }) => {
    const [, state, sentence] = /^(done|open)\. (.+)$/.exec(text) ?? [];
    const saysWhatIsMissing = text.includes(" *Missing:* ");
    if (state === undefined) mistakes.push(`docs/acceptance.md: ${id} is neither done nor open`);
    if (state === "open" && !saysWhatIsMissing) mistakes.push(`docs/acceptance.md: ${id} is open and says not why`);
    if (state === "done" && saysWhatIsMissing)
      mistakes.push(`docs/acceptance.md: ${id} is done, but something is missing`);
    return { id, state, text: sentence };
  });
  const guarantees = itemsOf(read("semantics.md"))
    .filter(({ id }) => /^G\d+$/.test(id))
    .map(({ id, text }) => ({ id, state: "done", text }));
  const ids = requirements.map(({ id }) => id);
  for (const id of everyRequirement) {
    const count = ids.filter((listed) => listed === id).length;
    if (count !== 1) mistakes.push(`docs/acceptance.md: ${id} has ${count} entries instead of one`);
  }
  for (const id of ids) if (!everyRequirement.includes(id)) mistakes.push(`docs/acceptance.md: nobody asked for ${id}`);
  guarantees.forEach(({ id }, index) => {
    if (id !== `G${index + 1}`) mistakes.push(`docs/semantics.md: ${id} stands where G${index + 1} should`);
  });
  if (guarantees.length === 0) mistakes.push("docs/semantics.md: there is no guarantee");
  return { entries: [...requirements, ...guarantees], mistakes };
}
