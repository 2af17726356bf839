/*
 * The order as it was posted (cancel_rejected_write, 23 May 2007): the error mark is tested and set, write-back ends, and only
 * then the page is locked and taken out. Entries are removed before and after. A write that meets a marked page is a mistake
 * of the file system's: BUG_ON(PageError(page)).
 *
 * SECOND_UNMAP_AS_MEANT removes the entries of the affected pages the second time too; as posted, the start has advanced to
 * the end by then, and a length of zero means everything behind it.
 */
#include "page-cache.pml"

#define WRITER_MEETS_DEFUNCT(p) claim(CRASH, false); unlockPage(p); goto ended
#define MKWRITE_TRUSTS_DETACHED

inline cancelRejectedPage(p) {
  atomic { found = page[p].defunct; page[p].defunct = 1 };
  if
  :: !found ->
     page[p].writeback = 0;
     if
     :: page[p].attached ->
        lockPage(p);
        if
        :: page[p].attached -> removePage(p)
        :: else
        fi;
        unlockPage(p)
     :: else
     fi
  :: else -> claim(CRASH, !page[p].writeback && !page[p].dirty)
  fi
}

inline excise(first, last) {
  start = first;
  unmap(first, last);
  do
  :: atomic {
       /* pagevec_lookup: the pages there are, from the start on */
       n = 0;
       at = start;
       do
       :: at < INDEXES && n <= last - start ->
          if
          :: slot[at] != NONE -> batch[n] = slot[at]; n++
          :: else
          fi;
          at++
       :: else -> break
       od;
       i = 0;
       at = 0
     };
     do
     :: i < n ->
        if
        :: page[batch[i]].index >= start && page[batch[i]].index <= last -> start++; cancelRejectedPage(batch[i])
        :: else
        fi;
        i++
     :: else -> break
     od;
     if
     :: start > last -> break
     :: else
     fi
  od;
#ifdef SECOND_UNMAP_AS_MEANT
  unmap(first, last)
#else
  unmap(start, INDEXES - 1)
#endif
}

#include "actors.pml"
