// npm as the parent of the service (`npm start`): it passes SIGTERM and SIGINT on, and dies of SIGHUP without a word.

/** Milliseconds between two looks at who the parent is. */
const LOOK_EVERY_MS = 200;

/** Taken at once: npm may end while the service starts. */
const firstParent = process.ppid;

/** Calls `orphaned` once, when the npm that started this process has ended and left it running. Keeps no process up. */
export function whenNpmEnds(orphaned: () => void): void {
  const looking = setInterval(() => {
    if (process.ppid === firstParent) return;
    clearInterval(looking);
    orphaned();
  }, LOOK_EVERY_MS).unref();
}
