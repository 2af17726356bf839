/*
 * The page cache that a rejected write is excised from, as the kernel has it: what every order of excision works in.
 *
 * Words. An *index* is a place in the file. A *page* is a frame; it is *attached* while it stands at its index, and may be
 * held afterwards by whoever found it before. *Content* is a set of writes: the refused one, one by write(), one stored
 * through a mapping; beside them a page shows what the server has. An *entry* is what a mapping leads to at an index.
 *
 * The command line gives CHECK, a sum of the numbers below, and INDEXES, the length of the refused run in pages. That nobody
 * waits for ever, and that everybody ends, is for the checker to see.
 */
#define LOST_WRITE 1   /* in the end an acknowledged write is cached dirty, accepted, reported, or cut off by truncate */
#define RESURRECTED 2  /* after the excision nobody sees refused bytes or reaches a page that has left the file */
#define ONCE 4         /* a page is taken out of the file once at most */
#define IN_FLIGHT 8    /* a page that is taken out is not under write-back */
#define CRASH 16       /* nobody runs into an assertion of the protocol's own */

#define claim(property, condition) assert(!(CHECK & property) || (condition))

/* The value of something that only this property is about; otherwise nothing, so that it makes no states. */
#define about(property, value) ((CHECK & property) -> (value) : 0)

#define PAGES (2 * INDEXES + 3)
#define NONE 255

#define REFUSED 1
#define WRITTEN 2
#define STORED 4

typedef Page {
  byte index;
  byte content;
  bit attached;
  bit locked;
  bit writeback;
  bit dirty;
  bit defunct;
  bit stale;  /* not up to date */
  bit isCut
}

Page page[PAGES];
byte pagesUsed;
byte slot[INDEXES];       /* the page attached at an index */
byte entry[INDEXES];      /* the page that the mapping's entry leads to */
bit writable[INDEXES];    /* whether stores go through that entry */
bit unmappedMeanwhile;    /* entries have been removed since the fault that is under way began (truncate_count) */

byte acknowledged[INDEXES];  /* writes whose callers were told that they are done */
byte settled[INDEXES];       /* writes that the server took, whose failure was reported, or that truncate cut off */
bit excised[INDEXES];        /* the excision of the refused write has ended here */
byte working;                 /* actors that have not ended */

inline lockPage(p) { atomic { page[p].locked == 0 -> page[p].locked = 1 } }
inline unlockPage(p) { page[p].locked = 0 }
inline waitForWriteback(p) { page[p].writeback == 0 }

inline findOrCreate(i, p) {
  atomic {
    if
    :: slot[i] != NONE -> p = slot[i]
    :: else ->
       assert(pagesUsed < PAGES);
       p = pagesUsed;
       pagesUsed++;
       page[p].index = i;
       page[p].attached = 1;
       slot[i] = p
    fi
  }
}

/* Takes a page out of the file, dirty bytes and all; the caller holds its lock. Entries that lead to it stay. */
inline removePage(p) {
  atomic {
    claim(ONCE, page[p].attached);
    claim(IN_FLIGHT, !page[p].writeback);
    page[p].attached = 0;
    page[p].dirty = 0;
    slot[page[p].index] = NONE
  }
}

/* Removes the mapping's entries from an index to another (unmap_mapping_range). */
inline unmap(from, to) {
  atomic {
    at = from;
    do
    :: at <= to -> entry[at] = NONE; writable[at] = 0; at++
    :: else -> break
    od;
    at = 0;
    unmappedMeanwhile = 1
  }
}

inline settle(i, writes) { settled[i] = settled[i] | about(LOST_WRITE, writes) }
