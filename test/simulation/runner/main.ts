/** `npm run simulate`: many seeds, or one, as the arguments ask; the exit status says whether all went well. */
import { generateScript } from "../simulated-run.ts";
import { runCampaign } from "./campaign.ts";
import {
  type CampaignRequest,
  parseCommandLine,
  type ReplayRequest,
  type Request,
  UsageError,
  usage,
} from "./command-line.ts";
import { readFailure, reportFailure, textOfScript, textOfTimeline } from "./failure-report.ts";
import { playScript } from "./play-seed.ts";
import { dataOfCampaign, textOfCampaign, textOfFailure } from "./summary.ts";

const tellEveryMs = 10_000;
const command = "npm run simulate --";

async function campaign(request: CampaignRequest): Promise<number> {
  let toldAtMs = 0;
  const result = await runCampaign(request, ({ seedCount }, elapsedMs) => {
    if (elapsedMs - toldAtMs < tellEveryMs) return;
    toldAtMs = elapsedMs;
    console.error(`${seedCount} seeds, ${Math.round((seedCount / elapsedMs) * 60_000)} a minute`);
  });
  const { failed } = result;
  const canBePlayed = failed?.failure.message.startsWith("no end after") === false;
  const reported =
    failed === undefined ? undefined : await reportFailure(failed, request.failures, canBePlayed, request.shrinks);
  if (request.isJson) console.log(JSON.stringify(dataOfCampaign(request.from, result, reported)));
  else {
    console.log(textOfCampaign(result));
    if (reported !== undefined) console.log(`\n${textOfFailure(reported, command)}`);
  }
  return reported === undefined ? 0 : 1;
}

async function replay({ source, operations, isJson }: ReplayRequest): Promise<number> {
  const { seed, schedule, script } =
    "seed" in source
      ? { seed: source.seed, schedule: 0, script: generateScript(source.seed, { operations }) }
      : await readFailure(source.path).catch((failure: unknown) => {
          const why = failure instanceof Error ? failure.message : String(failure);
          throw new UsageError(`--replay takes a file that a failing seed was written to: ${why}`);
        });
  const report = await playScript(seed, script, { schedule, keepsTrace: true });
  if (isJson) console.log(JSON.stringify({ script, report }));
  else {
    console.log(`${textOfScript(script)}\n\n${textOfTimeline(report, Number.POSITIVE_INFINITY)}`);
    const ended = report.failure === undefined ? "as the model says" : `FAILED: ${report.failure.message}`;
    console.log(`\nseed ${seed}, trace ${report.traceHash}, interleaving ${report.interleaving}: ${ended}`);
    if (report.failure?.stack !== undefined) console.log(report.failure.stack);
  }
  return report.failure === undefined ? 0 : 1;
}

async function main(argv: readonly string[]): Promise<number> {
  const request: Request = parseCommandLine(argv);
  switch (request.kind) {
    case "help":
      console.log(usage);
      return 0;
    case "campaign":
      return campaign(request);
    case "replay":
      return replay(request);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (failure) {
  if (!(failure instanceof UsageError)) throw failure;
  console.error(`simulate: ${failure.message}`);
  process.exitCode = 2;
}
