#!/usr/bin/env node
/** The command. All it does is find what was built and hand over; the exit status is the command's. */
import { existsSync } from "node:fs";

const built = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error("holdfast: not built yet; run `npm ci && npm run build` in the project's directory");
  process.exitCode = 1;
}
