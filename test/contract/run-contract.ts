/** Runs the contract's cases under vitest; what does not apply is skipped, and the reasons are printed at the end. */
import { afterAll, describe, it } from "vitest";
import { type ContractSubject, storeContract } from "../../src/contract/index.ts";

export function runContract(subject: ContractSubject): void {
  describe(subject.name, () => {
    const titlesByReason = new Map<string, string[]>();
    for (const { title, run } of storeContract(subject)) {
      it(title, async (context) => {
        const { skipped } = await run();
        if (skipped === undefined) return;
        titlesByReason.set(skipped, [...(titlesByReason.get(skipped) ?? []), title]);
        context.skip(skipped);
      });
    }
    afterAll(() => {
      for (const [reason, titles] of titlesByReason) {
        process.stdout.write(`${subject.name}: ${titles.length} cases do not apply: ${reason}\n`);
      }
    });
  });
}
