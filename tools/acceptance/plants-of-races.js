/**
 * Mistakes that only a race shows: each names the row of test/races/catalogue.ts that must see it. As in plants.js, a place
 * stands in its file exactly once, and there are two places where one guard stands behind another.
 */
import { cache, race } from "./plant.js";

const edit = (path, find, replace = "") => ({ path: cache(path), find, replace });

const refusal = race("refusal");
const refusalAndOthers = race("refusal-and-others");

export const plantsOfRaces = [
  {
    id: "S0.R1",
    what: "truncate cuts pages whose refusal is not settled",
    edits: [edit("space/file-pages", "    await using _order = await this.writebackLock.acquire(call.signal);\n")],
    test: refusal,
  },
  {
    id: "S0.21",
    what: "whoever excises waits for a lock while the write-back is his own",
    edits: [
      edit(
        "refusal/settle",
        "    const told = await dispose(space, refusal, said);\n    space.core.counters",
        "    await using _inode = await space.inodeLock.acquire();\n    const told = await dispose(space, refusal, said);\n    space.core.counters",
      ),
    ],
    test: refusal,
  },
  {
    id: "S0.R2",
    what: "bytes written since are excised with the refused ones",
    edits: [
      edit(
        "refusal/thaw",
        "    part.shown = sending.ranges.except(page.dirty);\n    endFlight(space, part);\n  } else {",
        "    part.shown = sending.ranges;\n    endFlight(space, part);\n  } else {",
      ),
    ],
    test: refusal,
  },
  {
    id: "S0.R5",
    what: "another pass begins while a refusal is being settled",
    edits: [edit("writeback/pass", "  await using _order = await space.writebackLock.acquire(signal);\n")],
    test: refusal,
  },
  {
    id: "S0.R7",
    what: "the other pages of a refused record stay dirty",
    edits: [
      edit("refusal/refuse", "if (page.record === record && page.sending === null) refuseDirty(space, page, refusal);"),
    ],
    test: refusal,
  },
  {
    id: "S0.R8",
    what: "the size winds back whatever moved it since",
    edits: [
      edit(
        "refusal/excise",
        "return size === goneEnd ? Math.max(storeSize, unsentEnd) : size;",
        "return Math.max(storeSize, 0 * unsentEnd);",
      ),
    ],
    test: refusal,
  },
  {
    id: "S0.R9",
    what: "a writer is told another's refusal as his own",
    edits: [edit("writeback/pass", '      if (landing.verdict.outcome === "refuse") return;\n')],
    test: refusal,
  },
  {
    id: "S0.R10",
    what: "a refusal does not join the error sequence",
    edits: [edit("refusal/settle", "space.errors.record(new ", "void (new ")],
    test: refusal,
  },
  {
    id: "S0.R11",
    what: "a lack of permission is taken for something that passes",
    edits: [edit("refusal/classify", '  EACCES: "permission",', '  EACCES: "transient",')],
    test: refusal,
  },
  {
    id: "S0.R12",
    what: "refused bytes are handed over as the page is now, not as they were sent",
    edits: [edit("refusal/rescue", "sending.ranges, sending.frame, ", "sending.ranges, page.frame, ")],
    test: refusal,
  },
  {
    id: "S0.8",
    what: "refused bytes stay in the cache",
    edits: [edit("refusal/excise", "  page.valid = page.valid.except(shown);\n", "  void shown;\n")],
    test: refusalAndOthers,
  },
  {
    id: "S0.9",
    what: "what a rejected record has under a refused part is forgotten",
    edits: [
      edit(
        "refusal/settle",
        'if (record.state === "rejected") refuseRecord',
        'if (record.state === "pending") refuseRecord',
      ),
    ],
    test: refusalAndOthers,
  },
  {
    id: "S0.11",
    what: "a refusal takes along what others wrote between",
    edits: [
      edit("refusal/refuse", "if (page.record === record && page.sending === null)", "if (page.sending === null)"),
    ],
    test: refusalAndOthers,
  },
  {
    id: "S0.34",
    what: "the lazy policy goes on believing what is clean",
    edits: [edit("refusal/settle", "space.isDoubtful = true;", "void 0;")],
    test: race("refusal-policies"),
  },
  {
    id: "S5.4",
    what: "when a conflict is overwritten, what was read at the old version stays",
    edits: [
      edit(
        "writeback/send-again",
        "startOver(space, await space.core.store.getAttributes(space.node, call));",
        "space.trail.restart((await space.core.store.getAttributes(space.node, call)).version);",
      ),
    ],
    test: race("refusal-policies"),
  },
  {
    id: "S5.2",
    what: "refused bytes leave although rescue failed",
    edits: [
      edit(
        "refusal/settle",
        'if (refusal.state === "held") parkAll(space, refusal);',
        'if (refusal.state === "held") await act(space, refusal, said, false);',
      ),
    ],
    test: refusalAndOthers,
  },
  {
    id: "S0.14",
    what: "of a deleted file only the refused user's bytes go",
    edits: [edit("refusal/settle", "    refuseEverything(space, refusal);\n    dropClean", "    dropClean")],
    test: refusalAndOthers,
  },
  {
    id: "S0.R1",
    what: "a change of the file at the store does not wait for write-back",
    edits: [edit("space/file-pages", "    await using _order = await this.writebackLock.acquire(call.signal);\n")],
    test: race("truncate"),
  },
  {
    id: "G1",
    what: "truncate does not keep fills out",
    edits: [
      edit(
        "write/truncate",
        "await using _alone = await space.invalidateLock.acquireAlone(call.signal);\n  return await space.changeAtStore(call, async () => {\n    const attributes = await space.core.store.setAttributes",
        "return await space.changeAtStore(call, async () => {\n    const attributes = await space.core.store.setAttributes",
      ),
    ],
    test: race("truncate"),
  },
  {
    id: "S1.5",
    what: "an append looks for the end before it has the inode lock",
    edits: [
      edit(
        "space/address-space",
        "    await using _inode = await this.inodeLock.acquire(call.signal);\n    const position = this.size as number;",
        "    const position = this.size as number;\n    await using _inode = await this.inodeLock.acquire(call.signal);",
      ),
    ],
    test: race("truncate"),
  },
  {
    id: "S2.9",
    what: "passes over a file do not follow each other, and send what is in flight again",
    edits: [
      edit("writeback/pass", "  await using _order = await space.writebackLock.acquire(signal);\n"),
      edit("writeback/select", '  if (page.sending !== null) return "inFlight";\n'),
    ],
    test: race("write-back"),
  },
  {
    id: "G4",
    what: "a write goes to a frame that is being sent",
    edits: [edit("write/plan", '  if (page.isFrozen) return "copyOnWrite";\n')],
    test: race("write-back"),
  },
  {
    id: "S0.30",
    what: "a write does not look whose bytes are dirty",
    edits: [
      edit(
        "write/plan",
        '  if (page.record !== null && page.record.credential.id !== credentialId) return "flushConflict";\n',
      ),
    ],
    test: race("write-back"),
  },
  {
    id: "S0.R12",
    what: "laundering drops what became dirty meanwhile",
    edits: [
      edit(
        "page/page",
        "this.sending === null ? this.dirty : ",
        "this.sending === null ? this.dirty.minus(0, 4096) : ",
      ),
    ],
    test: race("write-back"),
  },
  {
    id: "S3.8",
    what: "a commit does not wait for the one under way",
    edits: [edit("writeback/commit-to-store", "while (durability.committing !== null) {", "while (space.destroyed) {")],
    test: race("write-back"),
  },
  {
    id: "S1.3",
    what: "a reader copies bytes that are not valid",
    edits: [edit("read/read", "    if (!page.valid.covers(start, end)) break;\n")],
    test: race("read"),
  },
  {
    id: "S1.1",
    what: "the frame of a page that somebody looks at goes to others",
    edits: [edit("page/left-frames", "page.holdCount > 0 || page.locked", "page.locked")],
    test: race("read"),
  },
  {
    id: "S4.8",
    what: "a page is not looked up again after it was waited for",
    edits: [
      edit(
        "read/fill",
        "        await pageUnlocked(page, call.signal);\n        continue;",
        "        await pageUnlocked(page, call.signal);",
      ),
    ],
    test: race("read"),
  },
  {
    id: "G17",
    what: "bytes that arrive after the file changed are believed",
    edits: [
      edit("read/fill-batch", "reasons.length === 0 && this.#space.generation === generation", "reasons.length === 0"),
    ],
    test: race("read"),
  },
  {
    id: "G1",
    what: "a write does not wait for the fill of its page",
    edits: [edit("write/plan", '  if (page.locked) return "waitForFill";\n')],
    test: race("read"),
  },
  {
    id: "S5.9",
    what: "a page that somebody must find again is evicted",
    edits: [edit("page/page", "&& !this.locked && this.holdCount === 0 && ", "&& !this.locked && ")],
    test: race("read"),
  },
];
