// The answer table of the contract: what an HTTP answer to a delivery means, and whether to ask again.
import type { DeliveryType, Judgement } from './delivery.ts';

const EXCERPT_LENGTH = 512;

const REFUSALS = [403, 409, 422];
const RETRIED = [408, 425];

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
  /** Parts of the text that are not repeated: the listener's own secrets. */
  readonly hidden: readonly string[];
}

/** Returns what an answer to a delivery means. */
export type Judge = (type: DeliveryType, answer: HttpAnswer, now: () => number) => Judgement;

export function judge(type: DeliveryType, answer: HttpAnswer, now: () => number): Judgement {
  const { status, retryAfter } = answer;
  const said = { status, ...readProblem(answer) };
  if (type === 'discard' ? status >= 200 && status <= 299 : status === 200 || status === 204) {
    return { outcome: 'accepted', ...said };
  }
  if (type === 'populate' && REFUSALS.includes(status)) return { outcome: 'refused', ...said };
  const excerpt = `HTTP ${status}${said.excerpt === '' ? '' : `: ${said.excerpt}`}`;
  const unanswered = { outcome: 'unanswered', ...said, excerpt } as const;
  if ((status >= 500 && status <= 599) || RETRIED.includes(status)) return { ...unanswered, retryMs: 0 };
  const asked = status === 429 ? parseRetryAfter(retryAfter, now) : null;
  return asked === null ? unanswered : { ...unanswered, retryMs: asked };
}

/** As {@link judge}, of an async listener: it cannot refuse, and says with Retry-After when it wants to be asked again. */
export function judgeAsync(_type: DeliveryType, answer: HttpAnswer, now: () => number): Judgement {
  const { status, retryAfter } = answer;
  const { excerpt } = readProblem(answer);
  if (status >= 200 && status <= 299) return { outcome: 'accepted', status, excerpt };
  const said = `HTTP ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
  const unanswered = { outcome: 'unanswered', status, excerpt: said } as const;
  if (status === 410) return { ...unanswered, isGone: true };
  return { ...unanswered, retryMs: parseRetryAfter(retryAfter, now) ?? 0 };
}

/** Returns what a listener says of itself: `detail` and `errno` of a problem document, else the text. */
function readProblem({ text, hidden }: HttpAnswer): { excerpt: string; errno?: string } {
  const { detail, errno } = parseObject(text);
  const said = typeof detail === 'string' ? detail : text;
  return {
    excerpt: excerptOf(hidden.reduce((shown, secret) => shown.replaceAll(secret, '[secret]'), said)),
    ...(typeof errno === 'string' && /^E[A-Z0-9]{1,15}$/.test(errno) ? { errno } : {}),
  };
}

/** The fields of `text` where it is a JSON object; none of anything else. */
function parseObject(text: string): { readonly detail?: unknown; readonly errno?: unknown } {
  // Most answers are empty, and an error that is thrown costs more than all else here.
  if (!text.includes('{')) return {};
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * Returns the first 512 characters of `text`. They are a copy: a slice would keep all of the text in memory as long as the
 * excerpt is kept. Encoding also makes it well formed, for strict JSON parsers refuse a document with half a surrogate pair.
 */
export function excerptOf(text: string): string {
  return Buffer.from(text.slice(0, EXCERPT_LENGTH)).toString();
}

/** Milliseconds; null where the header is missing or is neither seconds nor an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | null, now: () => number): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Date.parse alone takes "-5" and "1.5" for dates.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/.test(value)) return null;
  // One of the three forms of an HTTP date, asctime's, means GMT without saying so.
  const at = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`);
  return Number.isNaN(at) ? null : Math.max(0, at - now());
}
