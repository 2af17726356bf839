/**
 * Extensions at the end of a request, as its header's total_extlen announces them.
 *
 *   fuse_ext_header (8): 0 size u32 (header and padding included)  4 type u32
 *   type 32, fuse_supp_groups: 0 nr_groups u32  4 groups u32 x nr_groups. The kernel sends at most one group: the
 *   parent directory's, when the caller belongs to it.
 */
import { headerBytes, type Request } from "./request.ts";

const groupsType = 32;

/** The supplementary groups that the request carries. */
export function supplementaryGroupsOf(request: Request): readonly number[] {
  const end = request.length - headerBytes;
  let at = end - request.extensionBytes;
  while (at + 12 <= end) {
    const size = request.u32(at);
    if (size < 8 || at + size > end) break;
    if (request.u32(at + 4) === groupsType) return groupsAt(request, at + 8, at + size);
    at += size;
  }
  return [];
}

function groupsAt(request: Request, at: number, end: number): readonly number[] {
  const count = Math.min(request.u32(at), Math.floor((end - at - 4) / 4));
  return Array.from({ length: count }, (_, index) => request.u32(at + 4 + index * 4));
}
