/** A case of the contract: what it shows, what it needs to apply, and the steps. */
import { type ContractWorld, Stage } from "./stage.ts";

/** Answers why a case does not apply to a store; undefined when it does. */
export type Requirement = (world: ContractWorld) => string | undefined;

export interface ContractStep {
  readonly title: string;
  readonly needs: readonly Requirement[];
  readonly run: (stage: Stage) => Promise<void>;
}

/** A case; `needs` come before the steps so that a reader sees at once whom it is for. */
export function contractCase(
  title: string,
  needs: readonly Requirement[],
  run: (stage: Stage) => Promise<void>,
): ContractStep {
  return { title, needs, run };
}

export const twoUsers: Requirement = (world) =>
  world.users.length < 2 ? "needs a store that acts for more than one user" : undefined;
export const aSuperuser: Requirement = (world) =>
  world.superuser === undefined ? "needs a store with a superuser" : undefined;
export const aSecondClient: Requirement = (world) =>
  world.secondClient === undefined ? "needs a second client of the same server" : undefined;
export const aCrash: Requirement = (world) =>
  world.crash === undefined ? "needs a server that can be made to crash" : undefined;

type ManifestField = keyof ContractWorld["store"]["manifest"];

/** The manifest must say so. */
export function promised(name: ManifestField, value: unknown = true): Requirement {
  return (world) => {
    const said = world.store.manifest[name];
    return said === value ? undefined : `the manifest says ${name}: ${String(said)}`;
  };
}

/** What became of a case. A reason for skipping is for the reader of the report. */
export type ContractOutcome = { readonly skipped?: string };

/** Runs a case on a fresh store, which is cleaned up whatever happens. */
export async function runStep(step: ContractStep, open: () => Promise<ContractWorld>): Promise<ContractOutcome> {
  const world = await open();
  try {
    for (const need of step.needs) {
      const reason = need(world);
      if (reason !== undefined) return { skipped: reason };
    }
    await step.run(await Stage.open(world));
    return {};
  } finally {
    await world.cleanUp();
  }
}
