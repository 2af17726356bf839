/**
 * Keeps bytes as refused by a directory store, as a mount would: `JSON` with `rescue` and `store` (directories), `path` in the
 * store, `ranges` (texts by offset), and perhaps `uid`, `gid`,
 * `code`, `refusalClass`, `url`, and `times`, how often each text is repeated. Prints the entry's id.
 */
import { cancelController, Failure } from "../../../dist/base/index.js";
import { posixCredential, superuser } from "../../../dist/port/index.js";
import { openRescue } from "../../../dist/rescue/index.js";
import { directoryStore } from "../../../dist/stores/directory/index.js";

const asked = JSON.parse(process.argv[2] ?? "{}");
const { rescue: directory, store: root, path, ranges, uid = process.getuid(), gid = process.getgid() } = asked;
const { code = "EACCES", refusalClass = "permission", url = `dir:${root}`, times = 1 } = asked;
const call = {
  credential: process.getuid() === 0 ? superuser : posixCredential(uid, gid),
  signal: cancelController().signal,
};

const store = directoryStore(root);
let found = await store.root(call);
for (const name of path.split("/").filter(Boolean)) found = await store.lookup(found.node, name, call);
const rescue = await openRescue(directory, { create: true, storeUrl: url });
const refused = {
  node: found.node,
  path,
  ranges: Object.entries(ranges).map(([offset, text]) => {
    const bytes = Buffer.from(text.repeat(times));
    return { offset: Number(offset), byteCount: bytes.length, frames: [bytes] };
  }),
  credential: posixCredential(uid, gid),
  failure: new Failure(code, { syscall: "write", path }),
  refusalClass,
  refusedAtNs: BigInt(Date.now()) * 1_000_000n,
  baseVersion: found.attributes.version,
  foundVersion: undefined,
  fileSize: found.attributes.size,
};
console.log(await rescue.keep(refused, call.signal));
await rescue.close();
await store.close();
