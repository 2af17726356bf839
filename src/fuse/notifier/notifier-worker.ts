/** The thread that writes notifications; it does nothing else, so it may wait in write(2) as long as the kernel likes. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/index.ts";
import { deviceErrno, IoVector } from "../../system/index.ts";
import { type BatchDone, stopMessage } from "./notifier.ts";

const port = parentPort;
assert(port !== null, "the notifier runs in a worker thread");
const { descriptor } = workerData as { descriptor: number };
const vector = new IoVector(1);

function write(packets: readonly Uint8Array[]): BatchDone {
  let written = 0;
  let unknownToKernel = 0;
  let failed = 0;
  for (const packet of packets) {
    vector.clear();
    vector.push(packet);
    const result = vector.writeTo(descriptor);
    if (result >= 0) written += 1;
    else if (-result === deviceErrno.ENOENT) unknownToKernel += 1;
    else failed += 1;
  }
  return { written, unknownToKernel, failed };
}

port.on("message", (message: readonly Uint8Array[] | typeof stopMessage) => {
  if (message === stopMessage) port.close();
  else port.postMessage(write(message as readonly Uint8Array[]));
});
