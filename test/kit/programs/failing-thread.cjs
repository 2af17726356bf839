/** Loaded before a program: every thread that the program starts dies at once, as one without memory does. */
const { isMainThread } = require("node:worker_threads");

if (!isMainThread) throw new Error("this thread was not to be");
