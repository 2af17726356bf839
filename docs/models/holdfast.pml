/*
 * The order that this cache has (src/cache/refusal). One thread runs everything: what stands in one `atomic` is one turn, and
 * an `await` is a place between two of them.
 *
 * Words. The file is one page of two *cells*, the smallest ranges of bytes there are here; sets of cells are bit masks. A *part*
 * is what one flight of the page sent: its cells, and what the frozen frame holds in them. The bytes of the refused write are
 * REFUSED, those of the later one WRITTEN; anything else is what the server has. A part that is *unrescued* was refused, could not
 * be rescued, and keeps its frozen frame. The kernel has a page of its own above, which mappings lead to.
 *
 * At the start the refused part is in flight, of the first cell or of both, and its pass has the write-back lock. Actors: this
 * pass; another one, which retries the rescue too; a writer of one cell, with the credential that was refused or another; truncate; reclaim; a mapper, who faults the kernel's page in and loads from it; the notifier, who invalidates that
 * page after an excision. Rescue may fail. The server refuses REFUSED, and takes or refuses WRITTEN.
 *
 * MAPPER_STORES adds a store through the mapping, which the kernel writes back as a whole page when it is invalidated.
 *
 * Mistakes to be found: WAITS_FOR_ITS_OWN, LOCKS_WHILE_SENDING, DOES_NOT_LOOK_AGAIN, FREES_BEFORE_RESCUE, WRITES_INTO_FROZEN, FILLS_FROZEN,
 * DROPS_LOCKED_PAGE, DROPS_PINNED_PAGE, SETTLES_UNLOCKED, NOTIFIES_BEFORE, WAITS_FOR_THE_KERNEL.
 */
#define LOST_WRITE 1   /* in the end the later write is cached dirty, accepted, reported, or was cut off by truncate */
#define RESURRECTED 2  /* after the excision nobody reads refused bytes; after the notification, nor through a mapping */
#define ONCE 4         /* a part is excised once at most, and a page that is in flight or locked stays */
#define RESCUED 8      /* at any time refused bytes are in memory or in the rescue store */

#define claim(property, condition) assert(!(CHECK & property) || (condition))

#define NONE 255
#define BOTH 3
#ifdef MAPPER_STORES
#define PARTS 5
#else
#define PARTS 3
#endif

typedef Part {
  byte cells;
  byte refused;      /* which of the cells hold REFUSED; the others hold WRITTEN */
  byte shown;        /* which of an unrescued part's cells the page still shows */
  bit credential;
  bit unrescued
}

Part part[PARTS];
byte partsUsed;

/* The page. */
bit cached;
byte valid;
byte dirty;
bit dirtyCredential;
byte refused;         /* which cells of the frame hold REFUSED */
byte written;         /* which cells of the frame hold WRITTEN */
byte sending = NONE;  /* the part that is in flight */
byte frozenFor = NONE;  /* the part that the page's frame belongs to: it must not change */
bit pageLocked;
bit fillIsStale;      /* the space's generation has changed since the fill began */

bit inodeLock;
bit writebackLock;
bit aloneWanted;      /* somebody has the invalidate lock alone, or waits for it */
byte sharers;

byte serverWritten;
byte rescuedRefused;
byte rescuedWritten;
byte acknowledged;    /* cells that the later write was acknowledged for */
byte settled;         /* of these, accepted, reported or cut off */
byte excised;         /* cells from which REFUSED has been excised */

bit kernelCached;
bit kernelLocked;
bit kernelDirty;
byte kernelRefused;
bit notifications;
byte notified;        /* cells that the kernel was told to forget */
byte working;

#define isPinned (sending != NONE || part[0].unrescued || part[1].unrescued || part[2].unrescued)
#define inSending (sending == NONE -> 0 : part[sending].cells)
#define onlyHere (dirty | inSending | part[0].shown | part[1].shown | part[2].shown)

inline acquire(lock) { atomic { !lock -> lock = 1 } }

inline dropPage() {
  claim(ONCE, !pageLocked && sending == NONE && dirty == 0);
  claim(RESCUED, !isPinned);
  cached = 0;
  valid = 0;
  refused = 0;
  written = 0;
  frozenFor = NONE
}

inline dropIfEmpty() {
  if
#ifdef DROPS_LOCKED_PAGE
  :: valid == 0 && cached && !isPinned -> dropPage()
#else
#ifdef DROPS_PINNED_PAGE
  :: valid == 0 && cached && !pageLocked -> dropPage()
#else
  :: valid == 0 && cached && !pageLocked && !isPinned -> dropPage()
#endif
#endif
  :: else
  fi
}

/* What is clean is not believed any more (dropClean). */
inline dropClean() {
  fillIsStale = 1;
  valid = onlyHere;
  dropIfEmpty()
}

/* The dirty cells become a part in flight, their frame frozen (freezePage). */
inline freeze() {
  assert(partsUsed < PARTS);
  sending = partsUsed;
  partsUsed++;
  part[sending].cells = dirty;
  part[sending].refused = dirty & refused;
  part[sending].credential = dirtyCredential;
  frozenFor = sending;
  dirty = 0
}

/* Ends a part; afterwards the page shows none of its cells but those written since (excisePart, thaw). */
inline excise(k) {
  if
  :: sending == k ->
#ifdef DOES_NOT_LOOK_AGAIN
     part[k].shown = part[k].cells;
#else
     part[k].shown = part[k].cells & ~dirty;
#endif
     sending = NONE
  :: else ->
     claim(ONCE, part[k].unrescued);
     part[k].unrescued = 0
  fi;
  frozenFor = (frozenFor == k -> NONE : frozenFor);
  claim(RESCUED, !(part[k].refused & ~rescuedRefused) && !(part[k].cells & ~part[k].refused & ~rescuedWritten));
  valid = valid & ~part[k].shown;
  dirty = dirty & valid;
  excised = excised | part[k].refused;
  part[k].shown = 0;
  dropIfEmpty();
#ifndef NOTIFIES_BEFORE
  notifications = 1
#endif
}

inline noteRescued(k) {
  rescuedRefused = rescuedRefused | part[k].refused;
  rescuedWritten = rescuedWritten | (part[k].cells & ~part[k].refused)
}

/* Rescue has failed: the part stays, neither dirty nor in flight. */
inline park(k) {
  if
  :: sending == k ->
     part[k].shown = part[k].cells & ~dirty;
     part[k].unrescued = 1;
     sending = NONE
  :: else
  fi
}

/* What a pass does with a part that was refused, under the write-back lock (settleRefusals, retryRescue). */
inline settle(k) {
#ifdef SETTLES_UNLOCKED
  writebackLock = 0;
#endif
#ifdef WAITS_FOR_ITS_OWN
  sending != k;
#endif
#ifdef NOTIFIES_BEFORE
  notifications = 1;
#endif
#ifdef WAITS_FOR_THE_KERNEL
  !kernelLocked;
#endif
#ifdef LOCKS_WHILE_SENDING
  atomic { !aloneWanted -> aloneWanted = 1 };
  sharers == 0;
#endif
#ifdef FREES_BEFORE_RESCUE
  atomic { excise(k) };
  if
  :: atomic { noteRescued(k) }
  :: skip
  fi;
#else
  /* The store is asked what the file is, and the rescue sink to keep the bytes. */
  if
  :: atomic { noteRescued(k) };
     if
     :: atomic { dropClean() }  /* the size winds back, or another client has changed the file */
     :: skip
     fi;
     atomic { excise(k) }
  :: atomic { park(k) }
  fi;
#endif
  settled = settled | (acknowledged & part[k].cells & ~part[k].refused);
#ifdef LOCKS_WHILE_SENDING
  aloneWanted = 0;
#endif
#ifdef SETTLES_UNLOCKED
  acquire(writebackLock)
#endif
}

/* One pass, which has the write-back lock. */
inline pass() {
  k = 0;
  do
  :: atomic {
       do
       :: k < PARTS && !part[k].unrescued -> k++
       :: else -> break
       od
     };
     if
     :: k < PARTS -> settle(k); k++
     :: else -> break
     fi
  od;
  atomic {
    k = NONE;
    if
    :: dirty && !pageLocked && sending == NONE -> freeze(); k = sending
    :: else
    fi
  };
  if
  :: k != NONE && part[k].refused == 0 ->
     atomic {
       serverWritten = serverWritten | part[k].cells;
       settled = settled | part[k].cells;
       sending = NONE;
       frozenFor = (frozenFor == k -> NONE : frozenFor)
     }
  :: k != NONE -> settle(k)
  :: else
  fi;
  writebackLock = 0;
  k = 0
}

proctype RefusedPass() {
  settle(0);
  atomic { writebackLock = 0; working-- }
}

proctype Pass() {
  byte k;
  acquire(writebackLock);
  pass();
  working--
}

#define isForeign(other) (other != credential)

/* Writes WRITTEN, or what the kernel's page holds, to some cells; the caller has the inode lock (writeWaiting). */
inline writeCells(cells, asRefused) {
  do
  :: atomic {
       !cached || (!pageLocked && !(dirty && isForeign(dirtyCredential))
                   && !(sending != NONE && isForeign(part[sending].credential))) ->
       cached = 1;
#ifdef WRITES_INTO_FROZEN
       if
       :: frozenFor != NONE -> part[frozenFor].refused = part[frozenFor].refused & ~(cells & ~asRefused)
       :: else
       fi;
#else
       frozenFor = NONE;
#endif
       part[0].shown = part[0].shown & ~cells;
       part[1].shown = part[1].shown & ~cells;
       part[2].shown = part[2].shown & ~cells;
       refused = (refused & ~cells) | asRefused;
       written = (written & ~cells) | (cells & ~asRefused);
       valid = valid | cells;
       dirty = dirty | cells;
       dirtyCredential = credential;
       acknowledged = acknowledged | (cells & ~asRefused)
     };
     break
  :: cached && pageLocked -> !pageLocked
  :: cached && !pageLocked && dirty && isForeign(dirtyCredential) -> acquire(writebackLock); pass()
  :: atomic {
       cached && !pageLocked && !dirty && sending != NONE && isForeign(part[sending].credential) ->
       k = sending
     };
     sending != k;
     k = 0
  od
}

proctype Writer() {
  byte cell, k;
  bit credential;
  select (cell : 1 .. 2);
  select (credential : 0 .. 1);
  acquire(inodeLock);
  writeCells(cell, 0);
  atomic { inodeLock = 0; k = 0; working-- }
}

/* Brings in what the page lacks (fill). */
inline fill() {
  atomic { !aloneWanted -> sharers++ };
  atomic {
    !cached || !pageLocked ->
    cached = 1;
    pageLocked = 1;
    fillIsStale = 0;
    gaps = BOTH & ~valid;
#ifndef FILLS_FROZEN
    /* Unrescued bytes may have been cut: what comes in their place comes into a copy of the frame. */
    frozenFor = (frozenFor != NONE && part[frozenFor].unrescued -> NONE : frozenFor)
#endif
  };
  got = serverWritten;
  atomic {
    pageLocked = 0;
    if
    :: frozenFor != NONE -> part[frozenFor].refused = part[frozenFor].refused & ~gaps
    :: else
    fi;
    if
    :: fillIsStale -> dropIfEmpty()
    :: else ->
       written = (written & ~gaps) | (got & gaps);
       refused = refused & ~gaps;
       valid = valid | gaps
    fi;
    sharers--;
    gaps = 0;
    got = 0
  }
}

#define seesRefused(cell) ((cell) & excised & valid & refused & ~dirty)

proctype Truncate() {
  acquire(inodeLock);
  atomic { !aloneWanted -> aloneWanted = 1 };
  sharers == 0;
  acquire(writebackLock);
  atomic {
    claim(ONCE, sending == NONE);
    settled = settled | written;
    serverWritten = 0;
    dirty = 0;
    part[0].shown = 0;
    part[1].shown = 0;
    part[2].shown = 0;
    valid = 0;
    dropIfEmpty()
  };
  atomic { writebackLock = 0; aloneWanted = 0; inodeLock = 0; working-- }
}

proctype Reclaim() {
  atomic {
    if
    :: cached && !dirty && sending == NONE && !pageLocked && !isPinned -> dropPage()
    :: else
    fi;
    working--
  }
}

/* Loads through a mapping; without a page the kernel sends a READ, and holds its page locked until the answer. */
proctype Mapper() {
  byte gaps, got, loads;
  do
  :: loads == 2 -> break
  :: loads < 2 && kernelCached ->
     atomic { claim(RESURRECTED, !(kernelCached && (kernelRefused & notified & excised))); loads++ }
#ifdef MAPPER_STORES
     atomic { kernelDirty = kernelCached && !kernelLocked || kernelDirty }
#endif
  :: loads < 2 && !kernelCached ->
     acquire(kernelLocked);
     fill();
     claim(RESURRECTED, !seesRefused(BOTH));
     atomic { kernelRefused = valid & refused; kernelCached = 1; kernelLocked = 0 }
  od;
  atomic { loads = 0; working-- }
}

/* Tells the kernel of each excision. It waits for a READ that is under way, and writes its page first where that is dirty. */
proctype Notifier() {
  byte told, k;
  bit credential = 1;
end:
  do
  :: atomic { notifications -> notifications = 0; told = BOTH };
     acquire(kernelLocked);
#ifdef MAPPER_STORES
     if
     :: kernelDirty && kernelCached ->
        acquire(inodeLock);
        writeCells(BOTH, kernelRefused);
        inodeLock = 0
     :: else
     fi;
#endif
     atomic { kernelDirty = 0; kernelCached = 0; kernelLocked = 0; notified = notified | told; told = 0 }
  od
}

init {
  byte cells;
  atomic {
    select (cells : 1 .. 2);
    part[0].cells = (cells == 1 -> 1 : BOTH);
    part[0].refused = part[0].cells;
    partsUsed = 1;
    cached = 1;
    valid = part[0].cells;
    refused = part[0].cells;
    sending = 0;
    frozenFor = 0;
    writebackLock = 1;
    cells = part[0].cells;
    working = 6;
    run Notifier();
    run RefusedPass();
    run Pass();
    run Writer();
    run Truncate();
    run Reclaim();
    run Mapper()
  };
  working == 0;
  claim(LOST_WRITE, !(acknowledged & ~(settled | (dirty & written))));
  claim(RESURRECTED, !seesRefused(BOTH));
  claim(RESCUED, !(cells & ~(rescuedRefused | (part[0].unrescued -> part[0].refused : 0))))
}
