// The colours that canvases draw with: those of the style sheet, light or dark, whichever holds.

export interface Colours {
  readonly shared: string;
  readonly private: string;
  readonly discarded: string;
  readonly stale: string;
  readonly bad: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly accent: string;
  readonly lines: readonly string[];
}

export const DARK = matchMedia('(prefers-color-scheme: dark)');

let current: Colours | null = null;

export function colours(): Colours {
  current ??= read();
  return current;
}

/** Calls back whenever they are others. */
export function onOtherColours(changed: () => void): void {
  DARK.addEventListener('change', () => {
    current = null;
    changed();
  });
}

function read(): Colours {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    shared: value('--shared'),
    private: value('--private'),
    discarded: value('--discarded'),
    stale: value('--stale'),
    bad: value('--bad'),
    text: value('--text'),
    muted: value('--muted'),
    grid: value('--border'),
    surface: value('--surface'),
    accent: value('--accent'),
    lines: ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5'].map(value),
  };
}
