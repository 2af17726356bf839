/*
 * What the file system did before the patch (afs_kill_pages): each page's "up to date" is cleared and its write-back ends. No
 * lock is taken and no page leaves; whoever reads the page, writes to it or faults it in asks the server for it first.
 */
#include "page-cache.pml"

#define WRITER_MEETS_DEFUNCT(p) assert(false)
#define READ_IF_STALE(p) readStale(p);

inline readStale(p) {
  atomic {
    if
    :: page[p].stale -> page[p].content = page[p].content & ~REFUSED; page[p].stale = 0
    :: else
    fi
  }
}

inline excise(first, last) {
  i = first;
  do
  :: i > last -> break
  :: else ->
     p = flight[i];
     page[p].stale = 1;
     page[p].writeback = 0;
     i++
  od
}

#include "actors.pml"
