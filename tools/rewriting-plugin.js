/**
 * A plugin of the test runner that rewrites sources as tests import them. It comes before all others, so it reads what is in
 * the file, or what another one of its kind made of that. No line moves, so there is no source map.
 */
import { relative, sep } from "node:path";

/**
 * @param {string} name of the plugin
 * @param {string} root the directory below which paths are told
 * @param {(path: string, text: string) => string | undefined} rewrite the source as it is to be; undefined where it stays as it is
 * @returns {{ name: string, enforce: "pre", transform(code: string, id: string): { code: string, map: null } | undefined }}
 */
export function rewritingPlugin(name, root, rewrite) {
  return {
    name,
    enforce: "pre",
    transform(code, id) {
      const path = relative(root, id.split("?", 1)[0]).split(sep).join("/");
      const rewritten = rewrite(path, code);
      return rewritten === undefined ? undefined : { code: rewritten, map: null };
    },
  };
}
