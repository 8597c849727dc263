// The files of the dashboard as a browser takes them. Own modules lie here as TypeScript (in the package as JavaScript),
// libraries in node_modules: types are stripped, imports named by where they are served. There is no build step. Modules that
// the page has in common with the service and the commands lie outside its folder, and are served under /ui/shared/.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface UiFile {
  readonly type: string;
  readonly text: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Libraries: what imports write, the folder that a require of it leads into, and the files in it that are served. */
const LIBRARIES = [
  {
    name: 'lit-html',
    folder: '../',
    entry: 'lit-html.js',
    files: ['lit-html.js', 'directive.js', 'directive-helpers.js', 'async-directive.js', 'directives/'],
  },
  { name: 'uplot', folder: './', entry: 'uPlot.esm.js', files: ['uPlot.esm.js', 'uPlot.min.css'] },
  { name: 'eventsource-parser', folder: './', entry: 'index.js', files: ['index.js', 'parse.js', 'errors.js'] },
] as const;

/** Where they are served, below /ui/. */
const SHARED_FOLDER = 'shared/';

/** Modules outside `src/ui` that the page imports: by their path in `src`, without extension. */
const SHARED = [
  ...['byte-size', 'errors', 'limits'],
  ...['event-stream', 'follow-events', 'json-fields', 'service-client'].map((name) => `client/${name}`),
];

/** Static imports and exports: the whole of what is written before the specifier, and the specifier. */
const IMPORTS = /(\b(?:import|from)\s*)(["'])([^"'\n]+)\2/g;

/** All files by their path under /ui/. Read when first asked for, and kept. */
export class UiFiles {
  readonly #places = new Map<string, URL>();
  readonly #read = new Map<string, UiFile>();

  constructor() {
    const own = new URL('../ui/', import.meta.url);
    for (const path of filesIn(own)) {
      // Beside the declarations and maps of a build, and what tells tools how to look at the folder.
      if (/\.(ts|js|html|css|svg)$/.test(path) && !path.endsWith('.d.ts')) {
        this.#places.set(path.replace(/\.ts$/, '.js'), new URL(path, own));
      }
    }
    const extension = extname(import.meta.filename);
    for (const name of SHARED) {
      this.#places.set(`${SHARED_FOLDER}${name}.js`, new URL(`../${name}${extension}`, import.meta.url));
    }
    const { resolve } = createRequire(import.meta.url);
    for (const { name, folder, files } of LIBRARIES) {
      const place = new URL(folder, pathToFileURL(resolve(name)));
      const served = files.flatMap((file) => {
        if (!file.endsWith('/')) return [file];
        return filesIn(new URL(file, place)).map((inner) => file + inner);
      });
      for (const file of served) {
        if (/\.(js|css)$/.test(file)) this.#places.set(`vendor/${name}/${file}`, new URL(file, place));
      }
    }
  }

  /** The paths that are served. */
  get paths(): string[] {
    return [...this.#places.keys()];
  }

  /** @returns null where there is no such file */
  get(path: string): UiFile | null {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const place = this.#places.get(path);
    if (place === undefined) return null;
    const file = { type: typeOf(path), text: servedText(path, readFileSync(place, 'utf8'), place.pathname) };
    this.#read.set(path, file);
    return file;
  }
}

function servedText(path: string, source: string, place: string): string {
  if (!path.endsWith('.js')) return source;
  // Its target is not served.
  const script = source.replace(/\n?\/\/# sourceMappingURL=\S*\s*$/, '');
  if (path.startsWith('vendor/')) return script;
  const plain = place.endsWith('.ts') ? stripTypeScriptTypes(script) : script;
  const root = '../'.repeat(path.split('/').length - 1) || './';
  return plain.replace(IMPORTS, (whole, before: string, quote: string, specifier: string) => {
    const served = specifier.startsWith('.') ? servedPath(path, specifier) : servedSpecifier(specifier, root);
    return served === specifier ? whole : `${before}${quote}${served}${quote}`;
  });
}

/** Returns how a file of the project is imported by the one that is served at `path`. */
function servedPath(path: string, specifier: string): string {
  const served = specifier.replace(/\.ts$/, '.js');
  // Shared modules import each other as they do in `src`.
  if (path.startsWith(SHARED_FOLDER)) return served;
  const up = '../'.repeat(path.split('/').length);
  return served.startsWith(up) ? `${up.slice('../'.length) || './'}${SHARED_FOLDER}${served.slice(up.length)}` : served;
}

/** @param root the way from the importing file up to /ui/: the service may be served under any path */
function servedSpecifier(specifier: string, root: string): string {
  const library = LIBRARIES.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (library === undefined) return specifier;
  const inside = specifier === library.name ? library.entry : specifier.slice(library.name.length + 1);
  return `${root}vendor/${library.name}/${inside}`;
}

function typeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf('.'))] ?? 'application/octet-stream';
}

/** The files in a folder and below, by their path from there. */
function filesIn(folder: URL): string[] {
  const entries = readdirSync(fileURLToPath(folder), { recursive: true, withFileTypes: true });
  const root = fileURLToPath(folder);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length).replace(/^\/+/, ''));
}
