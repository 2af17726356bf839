/**
 * The contract suite for stores, for any test runner: a list of named cases. Each opens a fresh store, runs, cleans up and
 * throws a `ContractViolation` if the store broke its contract. Where promises differ there are two opposite sets of cases;
 * the store's manifest decides which applies, and a case that does not apply says why.
 *
 *     for (const { title, run } of storeContract({ name: "mine", open })) {
 *       test(title, async (t) => {
 *         const { skipped } = await run();
 *         if (skipped !== undefined) t.skip(skipped);
 *       });
 *     }
 */
export type { ContractOutcome } from "./contract-case.ts";
export { ContractViolation } from "./expectation.ts";
export type { ContractSubject, ContractWorld } from "./stage.ts";
export { type ContractCase, storeContract } from "./store-contract.ts";
