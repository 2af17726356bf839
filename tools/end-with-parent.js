/**
 * Loaded into the server that `npm start` runs, which has a session of its own and so outlives whoever started it: once the
 * channel to its parent breaks, it ends as on SIGTERM, unless the parent had said before that a signal is on its way.
 */
let isEnding = false;
process.on("message", () => {
  isEnding = true;
});
process.on("disconnect", () => {
  if (!isEnding) process.kill(process.pid, "SIGTERM");
});
process.channel?.unref();
