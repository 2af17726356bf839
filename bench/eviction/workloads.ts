/**
 * The programs whose accesses are recorded: each is a shell script that runs in a directory of its own. `prepare` makes
 * what it works on and is not recorded. The files come from a real tree, `$SOURCE`, which stands beside as `tree` (every
 * file of at most 256 KiB) and as `repository` (a bare git repository with twelve commits of it).
 */

export interface Workload {
  readonly name: string;
  readonly about: string;
  readonly prepare: string;
  readonly script: string;
}

/** Programs that map packs in windows show more of what they touch: the windows are kept small. */
const gitWindows = `
export GIT_CONFIG_COUNT=2 GIT_CONFIG_NOSYSTEM=1 HOME=$PWD
export GIT_CONFIG_KEY_0=core.packedGitWindowSize GIT_CONFIG_VALUE_0=64k
export GIT_CONFIG_KEY_1=core.packedGitLimit GIT_CONFIG_VALUE_1=2m
`;

/** Makes `tree` and `repository` once, for all workloads. */
export const prepareSources = `
set -eu
mkdir tree
cd "$SOURCE"
find . -type f -size -256k -not -path './.*' | LC_ALL=C sort | tar cf - -T - | tar xf - -C "$OLDPWD/tree"
cd "$OLDPWD"
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
git init -q working
cd working
git config user.name recorder
git config user.email recorder@localhost
for part in 0 1 2 3 4 5; do
  (cd ../tree; find . -type f | LC_ALL=C sort | awk "NR % 6 == $part" | tar cf - -T -) | tar xf -
  git add -A
  git commit -q -m "part $part"
  find . -name '*.js' -not -path './.git/*' | LC_ALL=C sort | awk "NR % 7 == $part" | while read -r file; do
    sed -i "1s/^/\\/* revision $part *\\/ /" "$file"
  done
  git commit -q -a -m "revision $part"
done
cd ..
git clone -q --bare working repository
rm -rf working
`;

const database = `
sqlite3 data.db <<'SQL'
PRAGMA page_size=4096; PRAGMA journal_mode=WAL;
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city INTEGER, note TEXT);
CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER, item INTEGER, amount REAL, at INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 60000)
  INSERT INTO customer SELECT i, 'customer ' || i, (i * 7919) % 997, hex(randomblob(120)) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300000)
  INSERT INTO purchase SELECT i, 1 + (i * 104729) % 60000, (i * 31) % 5000, (i % 1000) / 7.0, i FROM n;
CREATE INDEX purchase_customer ON purchase(customer);
CREATE INDEX purchase_item ON purchase(item);
CREATE INDEX customer_city ON customer(city);
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
awk 'BEGIN { srand(7); for (n = 0; n < 6000; n++) {
  who = int(exp(rand() * log(60000))); what = int(exp(rand() * log(5000)));
  print "SELECT name, note FROM customer WHERE id=" (who * 7919) % 60000 ";";
  if (n % 3 == 0) print "SELECT sum(amount) FROM purchase WHERE customer=" (who * 7919) % 60000 ";";
  if (n % 5 == 0) print "SELECT count(*), max(at) FROM purchase WHERE item=" what ";";
  if (n % 10 == 0) print "UPDATE customer SET note=hex(randomblob(120)) WHERE id=" (who * 7919) % 60000 ";";
  if (n % 10 == 5) print "INSERT INTO purchase(customer,item,amount,at) VALUES(" (who * 7919) % 60000 "," what ",1.5," n ");";
  if (n % 2000 == 999) print "SELECT city, count(*), sum(amount) FROM customer JOIN purchase ON purchase.customer=customer.id GROUP BY city ORDER BY 3 DESC LIMIT 5;";
  if (n % 1500 == 700) print "SELECT count(*) FROM customer WHERE note LIKE \\047%ABCDEF%\\047;";
} }' > queries.sql
`;

export const workloads: readonly Workload[] = [
  {
    name: "git-clone",
    about: "git clone over file://, checkout, status, a second clone",
    prepare: "",
    script: `${gitWindows}
git clone -q "file://$SOURCES/repository" first
git -C first status -s
git clone -q "file://$SOURCES/repository" second`,
  },
  {
    name: "git-maintenance",
    about: "git gc, fsck --full, log -p, blame, grep in old revisions",
    prepare: 'cp -r "$SOURCES/repository" own',
    script: `${gitWindows}
git -C own log -p --stat >/dev/null
git -C own repack -q -a -d -f --depth=20 --window=5
git -C own fsck --full 2>/dev/null
git -C own grep -c function HEAD~3 >/dev/null
git -C own grep -c export HEAD~6 >/dev/null
git -C own gc -q
git -C own rev-list --objects --all >/dev/null`,
  },
  {
    name: "sqlite",
    about: "6,000 lookups of skewed popularity, joins, scans, updates and inserts in WAL mode",
    prepare: database,
    script: "sqlite3 data.db <queries.sql >/dev/null",
  },
  {
    name: "tar",
    about: "tar of a tree, list, compare, extract, and again",
    prepare: 'cp -r "$SOURCES/tree" tree',
    script:
      "tar cf one.tar tree; tar tf one.tar >/dev/null; tar df one.tar; mkdir out; tar xf one.tar -C out; tar cf two.tar tree",
  },
  {
    name: "rsync",
    about: "rsync --checksum of a tree to a copy, then again with a tenth of its .ts files changed",
    prepare: 'cp -r "$SOURCES/tree" tree; find tree -name "*.ts" | LC_ALL=C sort | awk "NR % 10 == 0" >changed',
    script: `rsync -a --checksum tree/ copy
while read -r file; do printf '// changed' >>"$file"; done <changed
rsync -a --checksum tree/ copy`,
  },
  {
    name: "grep",
    about: "grep -r over a tree three times, one package of it ten times in between",
    prepare: 'cp -r "$SOURCES/tree" tree',
    script: `grep -rlI export tree >/dev/null
for word in import const class type return; do grep -rlI "$word" tree/zod >/dev/null; done
grep -rlI function tree >/dev/null
for word in async await yield static void; do grep -rlI "$word" tree/zod >/dev/null; done
grep -rlI nothing-like-this tree >/dev/null || true`,
  },
  {
    name: "fio-zipf",
    about: "fio, 4 KiB random reads (80 %) and writes by a zipf law of 1.1 over 128 MiB",
    prepare: "truncate -s 128M data",
    script: `fio --name=zipf --filename=data --size=128M --rw=randrw --rwmixread=80 --bs=4k --ioengine=psync \\
  --random_distribution=zipf:1.1 --randseed=7 --allrandrepeat=1 --io_size=240M --norandommap \\
  --thread --fallocate=none --invalidate=0 --output=/dev/null`,
  },
  {
    name: "mix",
    about: "at once: the sqlite queries, grep -r over a tree, tar of it, a git clone",
    prepare: `${database} cp -r "$SOURCES/tree" tree`,
    script: `${gitWindows}
head -2500 queries.sql | sqlite3 data.db >/dev/null &
(grep -rlI export tree; grep -rlI function tree) >/dev/null &
(tar cf one.tar tree; tar df one.tar) &
git clone -q "file://$SOURCES/repository" first
wait`,
  },
];
