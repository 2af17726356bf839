/** Where a session's answers and notifications go: the device, or a recorder in tests. */
import type { Reply } from "../wire/reply.ts";

export interface Channel {
  /**
   * Sends a reply whose header and body are in place. False when the kernel did not take it: nobody waits for it any more,
   * so what it handed over (a node's reference, an open file) must be taken back.
   */
  send(reply: Reply, bodyBytes: number): boolean;
  /** Sends a reply's header with views of other memory as the body. */
  sendViews(reply: Reply, views: readonly Uint8Array[]): boolean;
}
