/*
 * The order that the author of the patch was tempted to use instead (24 May 2007): all pages are marked defunct while they
 * are under write-back; then their entries are removed, once; then each page's write-back ends and it is locked and taken out.
 * Nobody enters a marked page into a mapping, and a write that meets one waits until it has left and looks again.
 *
 * Mistake to be found: FAULTS_ENTER_DEFUNCT.
 */
#include "page-cache.pml"

#define WRITER_MEETS_DEFUNCT(p) unlockPage(p); !page[p].attached
#ifndef FAULTS_ENTER_DEFUNCT
#define FAULT_REFUSES_DEFUNCT
#endif

inline excise(first, last) {
  i = first;
  do
  :: i <= last -> page[flight[i]].defunct = 1; i++
  :: else -> break
  od;
  unmap(first, last);
  i = first;
  do
  :: i > last -> break
  :: else ->
     p = flight[i];
     page[p].writeback = 0;
     lockPage(p);
     if
     :: page[p].attached -> removePage(p)
     :: else
     fi;
     unlockPage(p);
     i++
  od
}

#include "actors.pml"
