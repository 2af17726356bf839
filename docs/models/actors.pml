/*
 * Who works on the page cache of page-cache.pml at the same time. The order of excision stands between the two files.
 *
 * At the start the refused run is under write-back. Actors: the flusher that owns this run and is told the refusal; another
 * flusher, who writes back what is dirty meanwhile; a writer; a mapper, who loads and stores; truncate. The server refuses whatever holds the refused write; anything else it takes or
 * refuses.
 *
 * The order gives `excise(first, last)` for pages whose write-back the caller owns, and chooses:
 *
 *   WRITER_MEETS_DEFUNCT(p)   what a write does with a marked page whose lock it holds
 *   FAULT_REFUSES_DEFUNCT     faults do not enter marked pages
 *   MKWRITE_TRUSTS_DETACHED   a page that has left the file counts as made writable (the patch)
 *   MKWRITE_UNLOCKS_EARLY     the page is unlocked before its entry is made writable (before Linux 2.6.30)
 *   PAGE_ALREADY_GONE         the last page of the run has left the file before the excision
 *   WRITER_LOCKS(p)           how a writer locks a page, and WRITER_UNLOCKS(p) how he lets go
 *   READ_IF_STALE(p)          asks the server for a page that is not up to date
 */
#ifndef WRITER_LOCKS
#define WRITER_LOCKS(p) lockPage(p)
#define WRITER_UNLOCKS(p) unlockPage(p)
#endif
#ifndef READ_IF_STALE
#define READ_IF_STALE(p)
#endif

#define mustNotBeSeen(i, p) (excised[i] && (page[p].content & REFUSED))
#define canBeSent(i) \
  (slot[i] != NONE && !page[slot[i]].locked && page[slot[i]].dirty && !page[slot[i]].writeback)

/* Starts write-back of the first run of dirty pages that nobody has locked; their entries become read-only. */
inline gather() {
  first = 0;
  do
  :: first == INDEXES -> break
  :: first < INDEXES && canBeSent(first) -> break
  :: else -> first++
  od;
  end = first;
  do
  :: end < INDEXES && canBeSent(end) ->
     p = slot[end];
     page[p].writeback = 1;
     page[p].dirty = 0;
     writable[end] = writable[end] && entry[end] != p;
     flight[end] = p;
     mayBeTaken = mayBeTaken && !(page[p].content & REFUSED);
     end++
  :: else -> break
  od
}

proctype Flusher(bit ownsRefused) {
  byte first, end, i, at, p, start, found, n;
  byte flight[INDEXES], batch[INDEXES];
  bit mayBeTaken = 1;
  atomic {
    if
    :: ownsRefused ->
       mayBeTaken = 0;
       do
       :: end < INDEXES -> flight[end] = end; end++
       :: else -> break
       od
    :: else -> gather()
    fi
  };
  if
  :: first == end
  :: first < end && mayBeTaken ->
     i = first;
     do
     :: i < end -> atomic { settle(i, page[flight[i]].content); page[flight[i]].writeback = 0; i++ }
     :: else -> break
     od
  :: first < end ->
     atomic {
       i = first;
       do
       :: i < end -> settle(i, page[flight[i]].content); i++
       :: else -> break
       od;
       i = 0;
       end--
#ifdef PAGE_ALREADY_GONE
       p = flight[end];
       page[p].writeback = 0;
       removePage(p)
#endif
     };
     excise(first, end);
     atomic {
       i = first;
       do
       :: i <= end -> excised[i] = excised[i] || about(RESURRECTED, ownsRefused); i++
       :: else -> break
       od
     }
  fi;
ended:
  atomic { p = NONE; i = 0; at = 0; start = 0; found = 0; n = 0; working-- }
}

inline noteWrite(i, p, which) {
  page[p].content = page[p].content | about(LOST_WRITE, which);
  page[p].dirty = 1;
  acknowledged[i] = acknowledged[i] | about(LOST_WRITE, which)
}

proctype Writer() {
  byte i, p;
  select (i : 0 .. INDEXES - 1);
  do
  :: findOrCreate(i, p);
     WRITER_LOCKS(p);
     if
     :: !page[p].attached -> WRITER_UNLOCKS(p)
     :: page[p].attached && page[p].defunct -> WRITER_MEETS_DEFUNCT(p)
     :: page[p].attached && !page[p].defunct && page[p].writeback -> WRITER_UNLOCKS(p); waitForWriteback(p)
     :: else -> READ_IF_STALE(p) atomic { noteWrite(i, p, WRITTEN); WRITER_UNLOCKS(p) }; break
     fi
  od;
ended:
  atomic { p = NONE; working-- }
}

inline fault(i, p) {
  do
  :: atomic { unmappedMeanwhile = 0; findOrCreate(i, p) };
#ifdef FAULT_REFUSES_DEFUNCT
     if
     :: page[p].defunct -> !page[p].attached; goto again
     :: else
     fi;
#endif
     READ_IF_STALE(p)
     atomic {
       if
       :: !unmappedMeanwhile -> entry[i] = p; break
       :: else
       fi
     }
  od
}

/* A page is about to become writable through a mapping (page_mkwrite). */
inline makeWritable(i, p) {
  lockPage(p);
  if
  :: !page[p].attached ->
     unlockPage(p);
#ifdef MKWRITE_TRUSTS_DETACHED
     writable[i] = entry[i] == p
#else
     entry[i] != p /* the fault is repeated until the entry has gone */
#endif
  :: page[p].attached && page[p].defunct -> WRITER_MEETS_DEFUNCT(p)
  :: page[p].attached && !page[p].defunct && page[p].writeback -> unlockPage(p); waitForWriteback(p)
  :: else ->
#ifdef MKWRITE_UNLOCKS_EARLY
     unlockPage(p);
#endif
     atomic {
       if
       :: entry[i] == p -> writable[i] = 1; page[p].dirty = 1
       :: else
       fi;
       page[p].locked = 0
     }
  fi
}

proctype Mapper() {
  byte i, p;
  select (i : 0 .. INDEXES - 1);
again:
  do
  :: entry[i] == NONE -> fault(i, p)
  :: atomic {
       entry[i] != NONE && !writable[i] ->
       p = entry[i];
       claim(RESURRECTED, !mustNotBeSeen(i, p))
     };
     makeWritable(i, p)
  :: atomic {
       entry[i] != NONE && writable[i] ->
       p = entry[i];
       claim(RESURRECTED, !mustNotBeSeen(i, p));
       noteWrite(i, p, STORED);
       if
       :: page[p].isCut -> settle(i, STORED)
       :: else
       fi
     };
     break
  od;
ended:
  atomic { p = NONE; working-- }
}

/* Cuts the file to nothing; waits for write-back with the page locked (truncate_inode_pages). */
proctype Truncate() {
  byte i, p, at;
  unmap(0, INDEXES - 1);
  do
  :: i < INDEXES ->
     p = slot[i];
     if
     :: p != NONE ->
        lockPage(p);
        waitForWriteback(p);
        atomic {
          if
          :: page[p].attached -> settle(i, page[p].content); page[p].isCut = 1; removePage(p)
          :: else
          fi;
          unlockPage(p)
        }
     :: else
     fi;
     i++
  :: else -> break
  od;
  unmap(0, INDEXES - 1);
  atomic { p = NONE; working-- }
}

#define cachedDirty(i) (slot[i] != NONE && page[slot[i]].dirty -> page[slot[i]].content : 0)

init {
  byte i;
  atomic {
    do
    :: i < INDEXES ->
       page[i].index = i;
       page[i].attached = 1;
       page[i].content = REFUSED;
       page[i].writeback = 1;
       acknowledged[i] = about(LOST_WRITE, REFUSED);
       slot[i] = i;
       entry[i] = NONE;
       i++
    :: else -> break
    od;
    pagesUsed = INDEXES;
#ifdef NOBODY_MAPS
    working = 4;
#else
    working = 5;
#endif
    run Flusher(1);
    run Flusher(0);
    run Writer();
#ifndef NOBODY_MAPS
    run Mapper();
#endif
    run Truncate()
  };
  working == 0;
  atomic {
    i = 0;
    do
    :: i < INDEXES ->
       claim(LOST_WRITE, !(acknowledged[i] & ~(settled[i] | cachedDirty(i))));
       claim(RESURRECTED, slot[i] == NONE || page[slot[i]].stale || !mustNotBeSeen(i, slot[i]));
       claim(RESURRECTED, entry[i] == NONE || page[entry[i]].attached);
       i++
    :: else -> break
    od
  }
}
