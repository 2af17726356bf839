/** renameat2(2) with its flags: `FROM TO noreplace|exchange` prints `0` or the name of the error. */
import { getSystemErrorName } from "node:util";
import { lastErrno, renameAt } from "../../../dist/system/index.js";

const workingDirectory = -100;
const flags = { plain: 0, noreplace: 1, exchange: 2 };
const [from, to, how] = process.argv.slice(2);
const cString = (text) => Buffer.from(`${text}\0`);
const result = renameAt(workingDirectory, cString(from), workingDirectory, cString(to), flags[how]);
console.log(result === 0 ? "0" : getSystemErrorName(-lastErrno()));
