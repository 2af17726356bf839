/**
 * Rules about the house as a whole: rooms are entered by their doors, and the project carries nothing of the machine it was
 * written on.
 */
import { posix } from "node:path";

const machinePath = /(^|[^a-z.\w/-])\/(work|farm|root|tmp\/brief)\//i;
const registryHost = /registry\.[a-z0-9-]+\.[a-z]+|"resolved":\s*"http/;

/** The rooms: each directory under src that has a tsconfig.json, longest path first. */
export function roomsOf(paths) {
  const rooms = paths.filter((path) => /^src\/.+\/tsconfig\.json$/.test(path)).map((path) => posix.dirname(path));
  return rooms.sort((one, other) => other.length - one.length);
}

function roomOf(rooms, path) {
  return rooms.find((room) => path.startsWith(`${room}/`)) ?? "src";
}

/** @param {readonly string[]} rooms */
export function rulesOfTheHouse(rooms) {
  return [
    {
      name: "room-doors",
      sentence: "another room is entered by its index.ts only, and src never leans on tests, benches or tools",
      appliesTo: (file) => file.isSource && file.path.startsWith("src/"),
      check(file, { visit, complain }) {
        for (const { specifier, start } of file.imports) {
          if (!specifier.startsWith(".")) continue;
          visit();
          const line = file.lineOf(start);
          const target = posix.join(posix.dirname(file.path), specifier);
          if (!target.startsWith("src/")) complain(line, `${specifier} lies outside src`);
          if (!target.endsWith(".ts")) complain(line, `${specifier} does not name a .ts file`);
          const room = roomOf(rooms, target);
          if (room !== roomOf(rooms, file.path) && target !== `${room}/index.ts`) {
            complain(line, `${specifier} is inside the room ${room}`);
          }
        }
      },
    },
    {
      name: "machine-paths",
      sentence: "no file names a path of the machine it was written on",
      appliesTo: (file) => file.path !== "package-lock.json",
      check(file, { visit, complain }) {
        visit();
        const lines = file.text.split("\n");
        for (const [at, line] of lines.entries()) if (machinePath.test(line)) complain(at + 1, "a path of a machine");
      },
    },
    {
      name: "lock-file",
      sentence: "the lock file has every optional package of every platform, or npm ci refuses it",
      appliesTo: (file) => file.path === "package-lock.json",
      check(file, { visit, complain }) {
        const { packages } = JSON.parse(file.text);
        for (const [path, { optionalDependencies }] of Object.entries(packages)) {
          for (const name of Object.keys(optionalDependencies ?? {})) {
            visit();
            const isThere = packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`];
            if (isThere === undefined) complain(1, `${name} of ${path} is missing`);
          }
        }
      },
    },
    {
      name: "registry-hosts",
      sentence: "no file, the lock file first of all, names the host that packages were fetched from",
      appliesTo: () => true,
      check(file, { visit, complain }) {
        visit();
        const lines = file.text.split("\n");
        for (const [at, line] of lines.entries())
          if (registryHost.test(line)) complain(at + 1, "the host of a registry");
      },
    },
  ];
}
