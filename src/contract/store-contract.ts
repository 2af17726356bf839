/** The whole contract: every case, bound to one store. */
import { attributeCases } from "./attribute-cases.ts";
import { concurrencyCases } from "./concurrency-cases.ts";
import { contentCases } from "./content-cases.ts";
import { type ContractOutcome, type ContractStep, runStep } from "./contract-case.ts";
import { durabilityCases } from "./durability-cases.ts";
import { extendedAttributeCases } from "./extended-attribute-cases.ts";
import { holdCases } from "./hold-cases.ts";
import { holeCases } from "./hole-cases.ts";
import { nameCases } from "./name-cases.ts";
import { permissionCases } from "./permission-cases.ts";
import { renameCases } from "./rename-cases.ts";
import { secondClientCases } from "./second-client-cases.ts";
import type { ContractSubject } from "./stage.ts";
import { versionCases } from "./version-cases.ts";

/** One case over one store. `run` resolves when it passed or does not apply, and rejects when the contract is broken. */
export interface ContractCase {
  readonly title: string;
  run(): Promise<ContractOutcome>;
}

const steps: readonly ContractStep[] = [
  ...nameCases,
  ...renameCases,
  ...attributeCases,
  ...permissionCases,
  ...contentCases,
  ...holeCases,
  ...versionCases,
  ...holdCases,
  ...durabilityCases,
  ...extendedAttributeCases,
  ...secondClientCases,
  ...concurrencyCases,
];

/** Every case of the contract for a store. */
export function storeContract(subject: ContractSubject): readonly ContractCase[] {
  return steps.map((step) => ({
    title: `${subject.name}: ${step.title}`,
    run: (): Promise<ContractOutcome> => runStep(step, () => subject.open()),
  }));
}
