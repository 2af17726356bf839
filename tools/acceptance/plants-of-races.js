/**
 * Mistakes that only a race shows: each names the row of test/races/catalogue.ts that must see it. As in plants.js, a place
 * stands in its file exactly once, and there are two places where one guard stands behind another.
 */
const race = (file) => `test/races/${file}.test.ts`;
const cache = (path) => `src/cache/${path}.ts`;
const edit = (path, find, replace = "") => ({ path: cache(path), find, replace });

export const plantsOfRaces = [
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
    edits: [edit("writeback/commit-to-store", "while (space.committing !== null) {", "while (space.destroyed) {")],
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
    edits: [
      edit(
        "space/file-pages",
        "    if (page.holdCount > 0) this.core.pool.discard();\n    else this.core.pool.give(frame);",
        "    this.core.pool.give(frame);",
      ),
    ],
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
