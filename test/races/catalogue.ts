/**
 * The races that were asked for, by their ids in docs/acceptance.md, and where each stands. A row that is *raced* has a
 * `describe` in this folder that cites its id: the forced interleaving and a search over all orders (docs/races.md). An *open*
 * one lacks machinery that is named; catalogue.test.ts prints it, and fails when a row and the tests disagree.
 *
 * Each race was seen to fail: tools/acceptance/plants-of-races.js has the mistakes, and `npm run acceptance -- --plants S2.9`
 * replays those of one id.
 */

export interface RaceRow {
  readonly id: string;
  /** Who meets whom. */
  readonly race: string;
  /** What is missing before it can be raced; undefined for a row that is. */
  readonly open?: string;
  /** What of a row that is raced waits for machinery, if anything does. */
  readonly missing?: string;
}

const mappings = "page faults: nothing in this process faults, and no step of the kernel's can be forced";

export const catalogue: readonly RaceRow[] = [
  {
    id: "S0.R1",
    race: "truncate, waiting for write-back ‖ whoever sends or excises what it cuts",
  },
  { id: "S0.R2", race: "write-back ends ‖ a writer dirties the page before it is excised" },
  { id: "S0.R3", race: "withdrawal from mappings ‖ a fault maps the page again", open: mappings },
  { id: "S0.R4", race: "as S0.R3, and the fault holds on to the page", open: mappings },
  { id: "S0.R5", race: "write-back ends ‖ the flusher sends the page again" },
  { id: "S0.R6", race: "a first write through a mapping ‖ the page is excised", open: mappings },
  { id: "S0.R7", race: "two write-backs of one record, the first refused" },
  { id: "S0.R8", race: "a refusal ‖ a write that makes the file longer" },
  { id: "S0.R9", race: "a writer waits for another's bytes ‖ these are refused" },
  { id: "S0.R10", race: "an fsync waits ‖ what it waits for is refused" },
  { id: "S0.R11", race: "a right is checked ‖ it is taken away ‖ the bytes are sent" },
  { id: "S0.R12", race: "laundering ‖ new dirty bytes" },
  { id: "S1.1", race: "a write whose source is a page of the same file, crosswise too" },
  { id: "S1.3", race: "a read overtakes a write of several pages" },
  { id: "S1.5", race: "append ‖ append ‖ truncate" },
  { id: "S2.2", race: "a direct read into a mapping of a cached file ‖ write-back", open: mappings },
  { id: "S2.9", race: "the answer to a write ‖ newer bytes of the page" },
  { id: "S3.3", race: "a fault lets its lock go ‖ a flight starts", open: mappings },
  {
    id: "S3.8",
    race: "a commit ‖ write-back that locks pages",
    missing: "the journal; raced is the store's own commit",
  },
  { id: "S4.2", race: "withdrawal from mappings ‖ a fault ‖ bytes become invalid", open: mappings },
  { id: "S4.3", race: "a fault between withdrawal and removal", open: mappings },
  { id: "S4.4", race: "withdrawal finds bytes that were stored through a mapping and are not valid", open: mappings },
  { id: "S4.8", race: "a page goes between looking it up and locking it" },
];
