/**
 * Mistakes to plant, one at a time: what a prover of this cache must find. Each is a small change of one file, of the kind
 * that is really made; `find` stands there exactly once. docs/simulation.md says how many seeds each took to be found.
 *
 * @typedef {{ name: string, mistake: string, path: string, find: string, replace: string }} Plant
 */

/** @type {readonly Plant[]} */
export const plants = [
  {
    name: "no-second-look",
    mistake: "after waiting for a frame, a fill does not look again whether somebody else has made the page meanwhile",
    path: "src/cache/read/fill.ts",
    find: "page = pageWithFrame(space, index, frame);\n        if (page.locked",
    replace: "page = space.insertPage(index, frame);\n        if (page.locked",
  },
  {
    name: "waits-for-ever",
    mistake: "who needs a frame waits for one although refused bytes hold all of them",
    path: "src/cache/page-cache.ts",
    find: "const refusal = this.#refusalOfEveryFrame();",
    replace: "const refusal = undefined;",
  },
  {
    name: "told-too-early",
    mistake:
      "who needs a frame is told that none will come although bytes of a file that had others refused may still be sent",
    path: "src/cache/writeback/balance.ts",
    find: "return space.hasDirtyPages ? standingRefusalOfDirty(space) : standingUnrescued(space);",
    replace: "return standingRefusal(space);",
  },
  {
    name: "dropped-tag",
    mistake: "a page whose write failed is dirty again without its DIRTY tag",
    path: "src/cache/writeback/collect.ts",
    find: "    space.pages.setTag(page.index, tags.dirty);\n",
    replace: "",
  },
  {
    name: "lost-redirty",
    mistake: "what a failed write did not send is taken for clean",
    path: "src/cache/writeback/collect.ts",
    find: "else redirty(space, page, unsent, late);",
    replace: "else land(space, page);",
  },
  {
    name: "short-write-whole",
    mistake: "a write that the store took in part is taken for whole",
    path: "src/cache/writeback/issue.ts",
    find: "        done += result.byteCount;\n        byteCount += result.byteCount;\n",
    replace: "        byteCount += segment.byteCount - done;\n        done = segment.byteCount;\n",
  },
  {
    name: "error-for-one",
    mistake: "the first handle that hears of a failure clears it for the others",
    path: "src/cache/refusal/error-sequence.ts",
    find: "if (cursor.heard === this.#sequence) return undefined;",
    replace: "if (cursor.heard === this.#sequence || this.#seen === this.#sequence) return undefined;",
  },
  {
    name: "merged-credentials",
    mistake: "bytes of two credentials go into one write record",
    path: "src/cache/write/plan.ts",
    find: 'if (page.record !== null && page.record.credential.id !== credentialId) return "flushConflict";',
    replace: "",
  },
  {
    name: "newer-before-older",
    mistake: "a pass sends newer bytes while a write that passed its deadline may still be done by the store",
    path: "src/cache/writeback/pass.ts",
    find: "if (space.lateChanges !== null && ",
    replace: "if (space.lateChanges === undefined && ",
  },
  {
    name: "two-passes",
    mistake: "the write-back lock is let go before the flights of a pass have been collected",
    path: "src/cache/writeback/pass.ts",
    find: "    await Promise.all(flights);\n",
    replace: "",
  },
  {
    name: "kept-after-truncate",
    mistake: "truncate leaves the cut bytes valid in the cache, to be seen again when the file grows",
    path: "src/cache/write/truncate.ts",
    find: "page.valid = page.valid.minus(from, to);",
    replace: "",
  },
  {
    name: "truncate-meets-fill",
    mistake: "truncate does not keep fills out",
    path: "src/cache/write/truncate.ts",
    find: `  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  return await space.changeAtStore(call, async () => {
    const attributes = await space.core.store.setAttributes(space.node, { size }, call);`,
    replace: `  return await space.changeAtStore(call, async () => {
    const attributes = await space.core.store.setAttributes(space.node, { size }, call);`,
  },
  {
    name: "fill-over-newer",
    mistake: "a write does not wait for the fill of its page, and the fill's older bytes land on the newer ones",
    path: "src/cache/write/plan.ts",
    find: 'if (page.locked) return "waitForFill";',
    replace: "",
  },
  {
    name: "fill-of-old-generation",
    mistake: "a fill that began before another client's change was seen makes its old bytes valid",
    path: "src/cache/read/fill-batch.ts",
    find: "if (reasons.length === 0 && this.#space.generation === generation) this.#finish(pages);",
    replace: "if (reasons.length === 0) this.#finish(pages);",
  },
  {
    name: "hidden-by-write",
    mistake: "the version that an own write made is believed, whatever version the write met",
    path: "src/cache/writeback/issue.ts",
    find: "space.trail.step(result.attributes);",
    replace: "space.trail.restart(result.attributes.version);",
  },
  {
    name: "hidden-by-cut",
    mistake: "the version that an own truncate or punch made is believed, whatever version that met",
    path: "src/cache/space/file-pages.ts",
    find: "if (changed.previous === this.version) this.trail.step(changed);\n    else if",
    replace: "if (changed.version !== this.version) this.trail.restart(changed.version);\n    else if",
  },
  {
    name: "late-read-frame",
    mistake: "a frame that a late read may still fill is used again",
    path: "src/cache/read/fill-batch.ts",
    find: "if (settled !== undefined) leaveToLateRead(this.#space, page, frame, settled);",
    replace: "",
  },
  {
    name: "frozen-frame-written",
    mistake: "a write goes into the frame that is being sent",
    path: "src/cache/write/plan.ts",
    find: 'if (page.isFrozen) return "copyOnWrite";',
    replace: "",
  },
  {
    name: "lost-commit",
    mistake: "after a commit that failed, the file counts as durable",
    path: "src/cache/writeback/commit-to-store.ts",
    find: "    durability.committed(takenCount);\n  } catch (thrown) {\n",
    replace: "    durability.committed(takenCount);\n  } catch (thrown) {\n    durability.committed(takenCount);\n",
  },
  {
    name: "not-invalidated",
    mistake: "another client's change is noted, and the clean bytes stay",
    path: "src/cache/invalidate/start-over.ts",
    find: "  dropClean(space);\n",
    replace: "",
  },
  {
    name: "free-before-rescue",
    mistake: "refused bytes leave the cache while they are being rescued, or although they could not be",
    path: "src/cache/refusal/settle.ts",
    find: `  const kept = await rescue(space, refusal, said instanceof Failure ? undefined : said.version);
`,
    replace: `  const keeping = rescue(space, refusal, said instanceof Failure ? undefined : said.version);
  const early = await act(space, refusal, said, false);
  const late = await keeping;
  if (refusal.state === "settled") return failureOf(space, refusal, late, early, sizeBefore);
  const kept = late;
`,
  },
  {
    name: "wound-back-too-far",
    mistake: "after a refusal the size winds back to the store's, below bytes that others have written and not sent",
    path: "src/cache/refusal/excise.ts",
    find: "Math.max(storeSize, unsentEnd)",
    replace: "storeSize",
  },
  {
    name: "not-wound-back",
    mistake: "after a refusal the size stays where the refused bytes had moved it",
    path: "src/cache/refusal/excise.ts",
    find: "return size === goneEnd ? Math.max(storeSize, unsentEnd) : size;",
    replace: "return Math.max(size, goneEnd, storeSize, unsentEnd);",
  },
  {
    name: "excised-newer",
    mistake: "excising takes bytes along that were written after the refused ones",
    path: "src/cache/refusal/excise.ts",
    find: "page.valid = page.valid.except(shown);",
    replace: "page.valid = page.valid.except(shown.union(part.sending.ranges));",
  },
  {
    name: "locks-out-of-order",
    mistake: "truncate takes the invalidate lock before the inode lock",
    path: "src/cache/write/truncate.ts",
    find: `export async function truncate(space: FilePages, size: ByteCount, call: Call): Promise<Attributes> {
  await using _inode = await space.inodeLock.acquire(call.signal);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
`,
    replace: `export async function truncate(space: FilePages, size: ByteCount, call: Call): Promise<Attributes> {
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  await using _inode = await space.inodeLock.acquire(call.signal);
`,
  },
  {
    name: "forgotten-unmap",
    mistake: "refused bytes leave the cache, and whoever keeps copies of them, as the kernel does, is not told",
    path: "src/files/nodes/space-observer.ts",
    find: '  core.events.emit("invalidate", { what: "content", node, start: first.start, end });\n',
    replace: "",
  },
  {
    name: "uncounted-excise",
    mistake: "pages that lose refused bytes are not counted",
    path: "src/cache/refusal/excise.ts",
    find: "  space.core.counters.excisedPages += 1;\n",
    replace: "",
  },
  {
    name: "copy-without-bytes",
    mistake: "a copy beside a file in conflict has what the store has, and not the bytes it was made for",
    path: "src/files/refusals/conflict-copy.ts",
    find: "        await writeAll(store, to, at, piece, call);\n",
    replace: "",
  },
  {
    name: "copy-not-committed",
    mistake: "a copy beside a file in conflict counts as kept before it is durable",
    path: "src/files/refusals/conflict-copy.ts",
    find: "    await store.commit(copy.node, call);\n",
    replace: "",
  },
  {
    name: "strangers-key",
    mistake: "bytes that are refused are sent again under another user's key, when the hook gives one",
    path: "src/files/credentials/keyring.ts",
    find: "keys.some((key) => key.user !== user)",
    replace: "keys.some((key) => key === undefined)",
  },
  {
    name: "renewed-twice",
    mistake: "a credential is renewed again while the hook has not answered",
    path: "src/files/credentials/key.ts",
    find: "refreshCredential === undefined || this.#hookCall !== null",
    replace: "refreshCredential === undefined",
  },
  {
    name: "opened-uncut",
    mistake: "a file that is opened with O_TRUNC keeps its bytes",
    path: "src/files/handle/open-files.ts",
    find: "if (!madeJustNow && (flags & openFlags.O_TRUNC) !== 0) await this.#cut(handle, call);",
    replace: "",
  },
  {
    name: "written-read-only",
    mistake: "a handle that was opened for reading takes bytes",
    path: "src/files/handle/open-handle.ts",
    find: '    this.#require(this.writable, "write");\n',
    replace: "",
  },
  {
    name: "unsaid-rescue",
    mistake: "bytes that could not be rescued at first are rescued, and nobody is told",
    path: "src/cache/refusal/settle.ts",
    find: '    if (told.outcome !== "unrescued") space.observer.rescued?.(told);\n',
    replace: "",
  },
  {
    name: "unsaid-change",
    mistake: "another client's change is noticed, the clean bytes go, and whoever keeps copies of them is not told",
    path: "src/files/nodes/attribute-cache.ts",
    find: '        this.#core.events.emit("invalidate", { what: "content", node, start: 0, end: undefined });\n',
    replace: "",
  },
  {
    name: "believed-for-ever",
    mistake: "an answer of the store about a file is believed for ever, not for the attribute time-out",
    path: "src/files/nodes/attribute-cache.ts",
    find: "const untilMs = asked.atMs + this.#core.options.attributeTimeoutMs;\n    let toldOfChange",
    replace: "const untilMs = Number.POSITIVE_INFINITY;\n    let toldOfChange",
  },
  {
    name: "grants-for-ever",
    mistake: "who was let in to a file once is shown what is cached of it for ever",
    path: "src/files/nodes/grants.ts",
    find: "grant !== undefined && grant.attributesUntilMs > nowMs",
    replace: "grant !== undefined && grant.attributesUntilMs > 0 && nowMs >= 0",
  },
  {
    name: "grant-outlives-refusal",
    mistake: "who was refused by the store is shown what is cached, until the time of the grant is over",
    path: "src/files/nodes/grants.ts",
    find: "    endNow(grant);\n    grant.refusedAt = refusedAt;\n",
    replace: "",
  },
  {
    name: "another-medium",
    mistake: "whatever medium is put in counts as the volume's own",
    path: "src/stores/medium/presence.ts",
    find: "const isOurs = found?.medium === this.id;",
    replace: "const isOurs = found !== undefined;",
  },
  {
    name: "old-answer-kept",
    mistake: "what is told of a file while its medium is out is the last answer, and not the latest state",
    path: "src/stores/medium/medium-nodes.ts",
    find: "if (said.changeTimeNs !== before.changeTimeNs) return said.changeTimeNs > before.changeTimeNs;",
    replace: "if (said.changeTimeNs !== before.changeTimeNs) return true;",
  },
  {
    name: "restored-unconditionally",
    mistake: "a restore looks at the file's version first, and then writes whatever was changed since",
    path: "src/rescue/restore-entry.ts",
    find: "const expected = overwrite ? undefined : restoring.version;",
    replace: "const expected = undefined;",
  },
  {
    name: "restored-over-conflict",
    mistake: "bytes that were in conflict are restored over others', if nothing was changed since",
    path: "src/rescue/restore-entry.ts",
    find: ' && manifest.refusal.class !== "conflict"',
    replace: "",
  },
  {
    name: "restore-not-committed",
    mistake: "a restore counts as whole before its bytes are durable",
    path: "src/rescue/restore-entry.ts",
    find: "      await store.commit(target.node, call);\n",
    replace: "",
  },
];
