/** A request about something open that has to wait: EBADF when it is not open, an empty answer when the work is done. */
import type { CancelSignal } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { Session } from "../session/session.ts";
import type { Request } from "../wire/request.ts";

/** Lets `work` wait under the credential that opened the handle; what it throws is what the request is refused with. */
export function onHandle<Opened extends { readonly credential: Credential }>(
  session: Session,
  request: Request,
  handle: Opened | undefined,
  work: (handle: Opened, signal: CancelSignal) => Promise<void>,
): void {
  if (handle === undefined) {
    session.refuse(request.unique, "EBADF");
    return;
  }
  session.later(
    request,
    async (call) => {
      await work(handle, call.signal);
      session.answer(call.unique);
    },
    handle.credential,
  );
}
