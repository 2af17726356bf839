/**
 * A scratch copy of the project's own files, with the installed packages linked in, in which violations can be planted
 * without touching the working tree. It is a git repository of its own, because the style test asks git which files there
 * are.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const gateMsMax = 180_000;

export class ScratchCopy {
  /** @param {string} root the project to copy, as it stands, uncommitted files included */
  constructor(root) {
    this.directory = mkdtempSync(join(tmpdir(), "holdfast-gates-"));
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
    for (const path of listed.toString().split("\0")) {
      if (path === "" || !existsSync(join(root, path))) continue;
      mkdirSync(dirname(join(this.directory, path)), { recursive: true });
      cpSync(join(root, path), join(this.directory, path));
    }
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
    this.#git("init", "-q");
    // A link is no directory to .gitignore.
    appendFileSync(join(this.directory, ".git", "info", "exclude"), "node_modules\n");
    this.#git("add", "-A");
  }

  /** Runs a gate's command; answers with its exit status and everything it printed. */
  run([program, ...parameters]) {
    const path = [join(this.directory, "node_modules", ".bin"), process.env.PATH].join(delimiter);
    const { status, stdout, stderr } = spawnSync(program, parameters, {
      cwd: this.directory,
      env: { ...process.env, PATH: path },
      encoding: "utf8",
      timeout: gateMsMax,
    });
    return { status, output: `${stdout}${stderr}` };
  }

  /** Puts a text at the end of a file, or makes the file, or changes it; the answer takes that back. */
  plant(path, change) {
    const full = join(this.directory, path);
    const before = existsSync(full) ? readFileSync(full) : undefined;
    mkdirSync(dirname(full), { recursive: true });
    if (typeof change === "function") writeFileSync(full, change(before.toString()));
    else if (before === undefined) writeFileSync(full, change);
    else appendFileSync(full, change);
    return () => (before === undefined ? rmSync(full) : writeFileSync(full, before));
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #git(...parameters) {
    execFileSync("git", ["-c", "init.defaultBranch=main", ...parameters], { cwd: this.directory });
  }
}
