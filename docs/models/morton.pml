/*
 * Morton's order (24 May 2007): the exciser ends the write-back that it owns, unconditionally; locks the page; waits for a
 * write-back that somebody else has begun meanwhile; looks whether the page is still of the file; and takes it out. Nothing is
 * marked. Entries are removed before and after.
 *
 * REPORTS_WHAT_IT_DROPS adds what the order lacks: under the lock the entries of this page are removed first, and what was
 * written to it meanwhile is reported like the refused write.
 *
 * Mistakes to be found: WAITS_FOR_ITS_OWN, LOCKS_BEFORE_ENDING, DOES_NOT_WAIT, DOES_NOT_LOOK_AGAIN, UNMAPS_ONLY_BEFORE.
 */
#include "page-cache.pml"

#define WRITER_MEETS_DEFUNCT(p) assert(false)

inline excise(first, last) {
  unmap(first, last);
  i = first;
  do
  :: i > last -> break
  :: else ->
     p = flight[i];
#ifdef WAITS_FOR_ITS_OWN
     lockPage(p);
     waitForWriteback(p);
#endif
#ifdef LOCKS_BEFORE_ENDING
     lockPage(p);
     page[p].writeback = 0;
#else
     page[p].writeback = 0;
     lockPage(p);
#endif
#ifndef DOES_NOT_WAIT
     waitForWriteback(p);
#endif
#ifdef DOES_NOT_LOOK_AGAIN
     removePage(p);
#else
     if
     :: page[p].attached ->
#ifdef REPORTS_WHAT_IT_DROPS
        unmap(i, i);
        atomic {
          settle(i, page[p].content);
          removePage(p)
        }
#else
        removePage(p)
#endif
     :: else
     fi;
#endif
     unlockPage(p);
     i++
  od;
#ifndef UNMAPS_ONLY_BEFORE
  unmap(first, last)
#endif
}

#include "actors.pml"
