/*
 * One lock more (an idea of Nick Piggin's, as told on 24 May 2007): the exciser has it from before the end of write-back until the
 * pages have left, so that no write comes into the gap between the end of write-back and the page lock. A writer takes it
 * before the page lock; with BEHIND_THE_PAGE_LOCK after it, where file systems are asked to prepare a write.
 */
#include "page-cache.pml"

bit extraLock;

#define WRITER_MEETS_DEFUNCT(p) assert(false)
#define WRITER_LOCKS(p) lockForWrite(p)
#define WRITER_UNLOCKS(p) atomic { unlockPage(p); extraLock = 0 }

inline takeExtraLock() { atomic { extraLock == 0 -> extraLock = 1 } }

inline lockForWrite(p) {
#ifdef BEHIND_THE_PAGE_LOCK
  lockPage(p);
  takeExtraLock()
#else
  takeExtraLock();
  lockPage(p)
#endif
}

inline excise(first, last) {
  takeExtraLock();
  i = first;
  do
  :: i > last -> break
  :: else ->
     p = flight[i];
     page[p].writeback = 0;
     lockPage(p);
     waitForWriteback(p);
     if
     :: page[p].attached -> removePage(p)
     :: else
     fi;
     unlockPage(p);
     i++
  od;
  extraLock = 0
}

#include "actors.pml"
