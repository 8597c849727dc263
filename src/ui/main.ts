// Starts the dashboard: state, page, and a frame whenever there is something to draw.
import { ServiceApi } from './client/service-api.ts';
import { Dashboard } from './state/dashboard.ts';
import { onOtherColours } from './view/colours.ts';
import { Page } from './view/page.ts';
import { storedToken } from './view/token-dialog.ts';

/** Milliseconds between two drawings of what only tells of what happens elsewhere; what a person does is drawn at once. */
const SOON = 200;

const root = document.getElementById('page');
if (root === null) throw new Error('the page has no #page');

let isFrameAsked = false;
let isMapAsked = false;
let lastRender = Number.NEGATIVE_INFINITY;
let laterTimer: ReturnType<typeof setTimeout> | null = null;
/** What the address bar said when it was last looked at. */
let knownHash = location.hash;

function invalidate(): void {
  if (isFrameAsked) return;
  isFrameAsked = true;
  requestAnimationFrame((now) => {
    isFrameAsked = false;
    lastRender = now;
    if (laterTimer !== null) clearTimeout(laterTimer);
    laterTimer = null;
    page.render();
    // It may say something else already, of which hashchange has yet to tell: that is where one wants to go.
    if (location.hash === knownHash && knownHash !== page.hash) {
      history.replaceState(null, '', page.hash);
      knownHash = location.hash;
    }
  });
}

/** The map alone: new cells come more often than anything that is worth reading. */
function invalidateMap(): void {
  if (isFrameAsked || isMapAsked) return;
  isMapAsked = true;
  requestAnimationFrame(() => {
    isMapAsked = false;
    page.drawMap();
  });
}

function soon(): void {
  if (laterTimer !== null || isFrameAsked) return;
  laterTimer = setTimeout(
    () => {
      laterTimer = null;
      invalidate();
    },
    Math.max(0, lastRender + SOON - performance.now()),
  );
}

// One folder up from /ui/, wherever the service is served.
const base = new URL('..', document.baseURI).href.replace(/\/$/, '');
const dashboard = new Dashboard({
  api: new ServiceApi({ base, token: storedToken() }),
  onChange: (what) => ({ now: invalidate, soon, map: invalidateMap })[what](),
});
const page = new Page(root, dashboard, invalidate);

addEventListener('hashchange', () => {
  knownHash = location.hash;
  page.go(location.hash);
  invalidate();
});
onOtherColours(invalidate);
setInterval(() => dashboard.tick(Date.now(), !document.hidden), 1000);

page.go(location.hash);
dashboard.start();
invalidate();
