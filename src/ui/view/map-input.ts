// What pointer, wheel, fingers and keys do to the map: look, zoom, move, select.
import type { MapView } from '../state/map-view.ts';
import type { MapCanvas } from './map-canvas.ts';

export interface MapInputOptions {
  readonly canvas: MapCanvas;
  readonly map: MapView;
  /** Cursor, hover or selection are others. */
  readonly onChange: () => void;
}

/** A notch of a mouse wheel is about so many pixels, and one zoom step. */
const NOTCH = 110;
/** Touchpads send much smaller movements: so many pixels are a step, and fewer when it is a pinch. */
const WHEEL_STEP = 60;
const PINCH_WHEEL_STEP = 12;
/** Fingers this much further apart are one zoom step. */
const PINCH_RATIO = 1.35;
/** For so long after a zoom the wheel still belongs to the map, also where there is nothing more to zoom. */
const WHEEL_HOLD_MS = 600;

export function listenToMap(options: MapInputOptions): void {
  const { element } = options.canvas;
  listenToWheel(options);
  listenToPointers(options);
  listenToKeys(options);
  for (const type of ['focus', 'blur'] as const) element.addEventListener(type, () => options.onChange());
}

function listenToWheel({ canvas, map }: MapInputOptions): void {
  let moved = 0;
  let heldUntil = 0;
  /** The page that was pointed at when the zooming began: it stays the aim until the pointer moves. */
  let aim: { readonly x: number; readonly y: number; readonly page: number } | null = null;
  canvas.element.addEventListener(
    'wheel',
    (event) => {
      const { clientX: x, clientY: y } = event;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 40;
      const delta = (event.deltaY || event.deltaX) * lines;
      let steps: number;
      if (Math.abs(delta) >= NOTCH / 2 && !event.ctrlKey) {
        steps = -Math.sign(delta) * Math.max(1, Math.round(Math.abs(delta) / NOTCH));
        moved = 0;
      } else {
        const step = event.ctrlKey ? PINCH_WHEEL_STEP : WHEEL_STEP;
        moved += delta;
        steps = -Math.trunc(moved / step);
        moved %= step;
      }
      if (event.timeStamp < heldUntil || event.ctrlKey || event.shiftKey) event.preventDefault();
      if (event.shiftKey) {
        map.pan(-steps);
        return;
      }
      if (aim === null || Math.hypot(aim.x - x, aim.y - y) > 3) {
        const cell = canvas.cellAt(x, y);
        aim = cell === null ? null : { x, y, page: canvas.pageOf(cell) };
      }
      if (steps !== 0 && map.zoom(steps, aim?.page)) {
        heldUntil = event.timeStamp + WHEEL_HOLD_MS;
        event.preventDefault();
      } else if (steps === 0) event.preventDefault();
    },
    { passive: false },
  );
}

function listenToPointers({ canvas, map, onChange }: MapInputOptions): void {
  const { element } = canvas;
  const touches = new Map<number, PointerEvent>();
  /** The page at which a selection began. */
  let from: number | null = null;
  let spread = 0;

  const hover = (cell: number | null): void => {
    if (cell === canvas.hoveredCell) return;
    canvas.hoveredCell = cell;
    onChange();
  };
  const choose = (start: number, page: number): void => {
    map.select(start, page);
    map.setCursor(page, false);
    onChange();
  };
  const end = (event: PointerEvent): void => {
    const cell = canvas.cellAt(event.clientX, event.clientY);
    // A finger chooses when it is lifted: until then it may be about to scroll the page, or to pinch.
    const isTap = event.type === 'pointerup' && event.pointerType === 'touch' && touches.size === 1;
    if (isTap && from !== null && cell !== null) choose(from, canvas.pageOf(cell));
    touches.delete(event.pointerId);
    if (touches.size < 2) spread = 0;
    from = null;
  };

  element.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') touches.set(event.pointerId, event);
    if (touches.size === 2) spread = spreadOf([...touches.values()]);
    const cell = canvas.cellAt(event.clientX, event.clientY);
    if (event.button !== 0 || touches.size > 1 || cell === null) {
      from = null;
      return;
    }
    element.setPointerCapture(event.pointerId);
    const page = canvas.pageOf(cell);
    from = event.shiftKey && map.cursor !== null ? map.cursor : page;
    if (event.pointerType !== 'touch') choose(from, page);
  });
  element.addEventListener('pointermove', (event) => {
    if (touches.has(event.pointerId)) touches.set(event.pointerId, event);
    if (touches.size === 2) {
      spread = pinched([...touches.values()], spread, canvas, map);
      return;
    }
    const cell = canvas.cellAt(event.clientX, event.clientY);
    hover(event.pointerType === 'touch' ? null : cell);
    if (from !== null && cell !== null && event.buttons !== 0) choose(from, canvas.pageOf(cell));
  });
  element.addEventListener('pointerup', end);
  element.addEventListener('pointercancel', end);
  element.addEventListener('pointerleave', () => hover(null));
}

/** Pixels between two fingers. */
function spreadOf([a, b]: readonly PointerEvent[]): number {
  return a === undefined || b === undefined ? 0 : Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}

/** @param before pixels between the fingers at the last step. @returns what counts from now on */
function pinched(fingers: readonly PointerEvent[], before: number, canvas: MapCanvas, map: MapView): number {
  const [a, b] = fingers;
  const spread = spreadOf(fingers);
  if (a === undefined || b === undefined || before === 0) return spread;
  const steps = Math.trunc(Math.log(spread / before) / Math.log(PINCH_RATIO));
  if (steps === 0) return before;
  const cell = canvas.cellAt((a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
  map.zoom(steps, cell === null ? undefined : canvas.pageOf(cell));
  return spread;
}

function listenToKeys({ canvas, map, onChange }: MapInputOptions): void {
  canvas.element.addEventListener('keydown', (event) => {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    const act = actionOf(event, map);
    if (act === null) return;
    event.preventDefault();
    act();
    onChange();
  });
}

function actionOf({ key, shiftKey }: KeyboardEvent, map: MapView): (() => void) | null {
  const { window } = map;
  if (window === null) return null;
  const { columns, rows } = window;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (step !== undefined) return () => map.moveCursor(step, shiftKey);
  switch (key) {
    case 'PageUp':
      return () => map.moveCursor(-columns * rows, shiftKey);
    case 'PageDown':
      return () => map.moveCursor(columns * rows, shiftKey);
    case 'Home':
      return () => map.setCursor(0, shiftKey);
    case 'End':
      return () => map.setCursor(window.pages - 1, shiftKey);
    case '+':
    case '=':
      return () => map.zoom(1);
    case '-':
      return () => map.zoom(-1);
    case '0':
      return () => map.whole();
    case ' ':
    case 'Enter':
      return () => {
        map.moveCursor(0, false);
        if (map.cursor !== null) map.select(map.cursor, map.cursor);
      };
    case 'Escape':
      return () => {
        map.selection = null;
      };
    default:
      return null;
  }
}
