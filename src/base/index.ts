/** The door of the base room: what every other room may use. It knows nothing above it and nothing of any platform. */
export { AssertionFailure, assert } from "./assert.ts";
export { ByteRanges } from "./byte-ranges.ts";
export { CancelSource } from "./cancel-source.ts";
export { type CancelTimer, type Clock, delay, endedWithin, systemClock } from "./clock.ts";
export { codeOfErrno, describe, type ErrorCode, errnoOf, errorCodes, isErrorCode } from "./errno.ts";
export { Failure, type FailureDetails, failureFrom, UnlistedFailure } from "./failure.ts";
export { decodeFileName, encodeFileName } from "./file-name.ts";
export {
  type CancelController,
  type CancelSignal,
  cancelController,
  decodeText,
  encodeText,
  isTextEncoding,
  neverFires,
  processIdentity,
  programBytes,
  readableStreamOf,
  rubbishBytes,
} from "./platform.ts";
export { SeededRandom } from "./random.ts";
export { maskSecrets, withoutSecrets } from "./secrets.ts";
export { type ByteCount, type ByteOffset, byteOffsetMax, type Milliseconds, type PageIndex } from "./units.ts";
