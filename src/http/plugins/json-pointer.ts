// JSON pointers (RFC 6901), which problem documents have in the place of paths.

/** Characters of a name in a pointer: what a client sent is not sent back at any length. */
const LONGEST_NAME = 100;

/** Returns the pointer to what `path` leads to, as a fragment. */
export function pointerTo(path: readonly (string | number)[]): string {
  return `#${path.map((name) => `/${escaped(String(name))}`).join('')}`;
}

/** Returns the path of a pointer without the `#`. */
export function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function escaped(name: string): string {
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}...` : name;
  return shown.replaceAll('~', '~0').replaceAll('/', '~1');
}
