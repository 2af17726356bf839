/**
 * `npm run races -- OPTIONS`: the race catalogue (test/races), each race in all orders that its actors can go in. The test
 * suite stops at some hundred orders of one race; here the search goes on as long as it is asked to.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { citingTitles, idsIn } from "./acceptance/citations.js";
import { misused, readArguments } from "./usage.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = "npm run races";
const text = `${command} [-- OPTIONS] [ID...]
Plays the races of test/races, or those of the ids given, as in S0.R2.
  --whole       until one order of every kind was run, however long it takes
  --orders N    as many orders of each race (default: 500, as in npm test)
  --samples N   how many orders taken at random must be of a kind that was run, where all were (default: 10)`;

function wholeNumber(name, given) {
  if (given !== undefined && !/^[1-9]\d*$/.test(given))
    misused(command, `--${name} wants a number above 0, not "${given}"`);
  return given;
}

const { values, words } = readArguments(command, text, {
  whole: { type: "boolean" },
  orders: { type: "string" },
  samples: { type: "string" },
});
const stranger = words.find((word) => !/^[SG][0-9.R]+$/.test(word));
if (stranger !== undefined) misused(command, `"${stranger}" is no id of a race, such as S0.R2`);
const raced = citingTitles(root).filter(({ path }) => path.startsWith("test/races/"));
const racedIds = new Set(raced.flatMap(({ title }) => idsIn(title).ids));
const unraced = words.filter((word) => !racedIds.has(word));
if (unraced.length > 0)
  misused(command, `no race has the id ${unraced.join(", ")}; test/races/catalogue.ts says what is open, and why`);
if (values.whole && values.orders !== undefined) misused(command, "--whole and --orders exclude each other");

const orders = values.whole ? "Infinity" : wholeNumber("orders", values.orders);
const samples = wholeNumber("samples", values.samples);
const ids = words.map((id) => `\\[${id.replaceAll(".", "\\.")}\\]`);
const { status } = spawnSync(
  process.execPath,
  [
    ...[
      "node_modules/vitest/vitest.mjs",
      "run",
      "--project",
      "races",
      "--testTimeout",
      "0",
      "--disableConsoleIntercept",
    ],
    ...(ids.length === 0 ? [] : ["--testNamePattern", ids.join("|")]),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      ...(orders === undefined ? {} : { RACE_ORDERS: orders }),
      ...(samples === undefined ? {} : { RACE_SAMPLES: samples }),
    },
  },
);
process.exitCode = status ?? 1;
