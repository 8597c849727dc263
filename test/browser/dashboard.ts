// The dashboard in a real browser, for the tests: pages that must not complain, and ways to read what they show.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import type { TestService } from '../support/service.ts';

export interface OpenOptions extends BrowserContextOptions {
  /** Statuses that the page is meant to be answered, and ERR_... that it is meant to meet: Chromium writes them to its console. */
  readonly expected?: readonly (number | string)[];
}

export interface Dashboard {
  readonly page: Page;
  /** Closes it. @throws Error when anything went wrong in it that was not meant to */
  close(): Promise<void>;
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: inject('browserPath'),
    // The sandbox of Chromium does not run as root, which is what containers of CI are.
    chromiumSandbox: process.getuid?.() !== 0,
  });
}

/** Opens `url` and waits for nothing. Errors, violations of the policy and calls to elsewhere fail it when it is closed. */
export async function open(browser: Browser, url: string, options: OpenOptions = {}): Promise<Dashboard> {
  const { expected = [], ...context } = options;
  const opened = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...context });
  const page = await opened.newPage();
  const problems: string[] = [];
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
    const failure = /net::(\w+)/.exec(message.text())?.[1] ?? '';
    // That is about the tests: they read the canvas.
    if (message.text().includes('willReadFrequently')) return;
    if (/^(error|warning|assert)$/.test(message.type()) && !expected.includes(status) && !expected.includes(failure)) {
      problems.push(`console: ${message.text()} ${message.location().url}`);
    }
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problems.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    close: async () => {
      await opened.close();
      if (problems.length > 0) throw new Error(problems.join('\n'));
    },
  };
}

/** Opens the page of a block and waits until its map shows what the service says now. */
export async function look(
  browser: Browser,
  { api, url }: TestService,
  { id, machine }: { readonly id: string; readonly machine: string },
  options: OpenOptions = {},
): Promise<Dashboard> {
  const dashboard = await open(browser, `${url}/ui/#/memory/${machine}/${id}`, options);
  const { generation } = await api.ok('GET', `/v1/ram-blocks/${id}`);
  await drawn(dashboard.page, id, generation);
  return dashboard;
}

/** What a colour of the style sheet comes to where it is used: `rgb(179, 0, 0)`. */
export function colourOf(page: Page, name: string): Promise<string> {
  return page.evaluate((property) => {
    const probe = document.createElement('i');
    probe.style.color = `var(${property})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }, name);
}

/** Waits until the map shows a block as it is at `generation`. */
export async function drawn(page: Page, ramBlockId: string, generation: number): Promise<void> {
  await page.waitForFunction(
    ([id, wanted]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.map');
      return canvas?.dataset.ramBlockId === id && Number(canvas.dataset.generation) >= wanted;
    },
    [ramBlockId, generation] as const,
  );
}

/** Waits until all that was asked to be drawn is drawn. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Waits until a cell of the map is so many pages. */
export async function zoomedTo(page: Page, pagesPerCell: number): Promise<void> {
  await page.waitForSelector(`canvas.map[data-pages-per-cell="${pagesPerCell}"]`);
}

/** What a cell of the map looks like: pixels of each colour, down its middle. */
export interface DrawnCell {
  readonly shared: number;
  readonly private: number;
  readonly discarded: number;
  readonly stale: number;
  readonly height: number;
}

export interface DrawnMap {
  readonly firstPage: number;
  readonly pagesPerCell: number;
  readonly columns: number;
  readonly cells: readonly DrawnCell[];
}

/** Reads the map out of the pixels of its canvas. */
export function readMap(page: Page): Promise<DrawnMap> {
  return page.evaluate(async () => {
    const canvas = document.querySelector<HTMLCanvasElement>('canvas.map');
    const context = canvas?.getContext('2d') ?? null;
    if (canvas === null || context === null) throw new Error('there is no map');
    const { firstPage, pagesPerCell, columns, cells } = canvas.dataset;
    const style = getComputedStyle(document.documentElement);
    const colours = ['shared', 'private', 'discarded', 'stale'].map((name) => {
      const hex = style.getPropertyValue(`--${name}`).trim();
      return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join();
    });
    const { width, height } = canvas;
    const pixels = context.getImageData(0, 0, width, height).data;
    const rows = Math.ceil(Number(cells) / Number(columns));
    const cellHeight = height / rows;
    // The cells are at the right; what is left of them is for addresses.
    const gutter = width >= 560 && canvas.closest('.stage') !== null ? 112 : 0;
    const cellWidth = (width - gutter) / Number(columns);
    const drawn = Array.from({ length: Number(cells) }, (_, cell) => {
      const x = Math.floor(gutter + ((cell % Number(columns)) + 0.5) * cellWidth - 0.5);
      const top = Math.floor(cell / Number(columns)) * cellHeight;
      const counts = [0, 0, 0, 0];
      for (let y = top; y < top + cellHeight - 1; y++) {
        const at = (y * width + x) * 4;
        const colour = colours.indexOf(pixels.slice(at, at + 3).join());
        if (colour !== -1) counts[colour] = (counts[colour] ?? 0) + 1;
      }
      const [shared = 0, hidden = 0, discarded = 0, stale = 0] = counts;
      return { shared, private: hidden, discarded, stale, height: cellHeight - 1 };
    });
    return {
      firstPage: Number(firstPage),
      pagesPerCell: Number(pagesPerCell),
      columns: Number(columns),
      cells: drawn,
    };
  });
}

/** The middle of a cell on the screen. */
export async function placeOf(page: Page, cell: number): Promise<{ x: number; y: number }> {
  const canvas = page.locator('canvas.map');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (box === null) throw new Error('the map is not seen');
  const { columns, cells } = await canvas.evaluate(({ dataset }: HTMLElement) => {
    return { columns: Number(dataset.columns), cells: Number(dataset.cells) };
  });
  const gutter = box.width >= 560 ? 112 : 0;
  const cellWidth = (box.width - gutter) / columns;
  const cellHeight = box.height / Math.ceil(cells / columns);
  return {
    x: box.x + gutter + ((cell % columns) + 0.5) * cellWidth,
    y: box.y + (Math.floor(cell / columns) + 0.5) * cellHeight,
  };
}
