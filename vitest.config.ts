/**
 * Five kinds of tests. Unit and contract tests import the sources; simulation and races import them with a point at every
 * await of the cache and files rooms, so that a scheduler decides who goes on; integration tests run the built command in
 * child processes, through real mounts, one file after the other, and leave nothing mounted and nothing running.
 */
import { defineConfig } from "vitest/config";
import { footprintPlugin } from "./tools/races/footprint-plugin.js";
import { pointsPlugin } from "./tools/simulate/points-plugin.js";

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [pointsPlugin()],
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [pointsPlugin(), footprintPlugin()],
        test: {
          name: "races",
          include: ["test/races/**/*.test.ts"],
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/kit/scratch-setup.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
