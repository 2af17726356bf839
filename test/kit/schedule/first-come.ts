/** The policy of no surprises: whoever reached its point first goes first. */
import type { Policy } from "./scheduler.ts";

export const firstCome: Policy = { choose: () => 0 };
