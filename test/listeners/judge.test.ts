// The answer table of the contract, arm by arm: what the status of an answer to a delivery means.
import { describe, expect, it } from 'vitest';
import type { DeliveryType } from '../../src/listeners/delivery.ts';
import { judge, judgeAsync } from '../../src/listeners/judge.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

interface Said {
  readonly retryAfter?: string;
  readonly text?: string;
  readonly hidden?: readonly string[];
}

const answer = (status: number, { retryAfter, text = '', hidden = [] }: Said = {}) => {
  return { status, retryAfter: retryAfter ?? null, text, hidden };
};
const judged = (type: DeliveryType, status: number, said?: Said) => judge(type, answer(status, said), () => NOW);
const judgedAsync = (status: number, said?: Said) => judgeAsync('populate', answer(status, said), () => NOW);

const STATUSES = Array.from({ length: 400 }, (_, index) => 200 + index);

describe('a populate', () => {
  it('is accepted with 200 and 204, and no other status', () => {
    expect(STATUSES.filter((status) => judged('populate', status).outcome === 'accepted')).toEqual([200, 204]);
  });

  it('is refused with 403, 409 and 422, and no other status', () => {
    expect(STATUSES.filter((status) => judged('populate', status).outcome === 'refused')).toEqual([403, 409, 422]);
  });

  it('is unanswered with every other', () => {
    for (const status of [201, 202, 206, 301, 400, 401, 404, 410, 429, 500, 503]) {
      expect(judged('populate', status)).toMatchObject({ outcome: 'unanswered', status });
    }
  });
});

describe('a discard', () => {
  it('is acknowledged with every 2xx, and no other status', () => {
    const accepted = STATUSES.filter((status) => judged('discard', status).outcome === 'accepted');
    expect(accepted).toEqual(STATUSES.filter((status) => status < 300));
  });

  it('cannot be refused', () => {
    expect(STATUSES.filter((status) => judged('discard', status).outcome === 'refused')).toEqual([]);
  });
});

describe('another attempt follows', () => {
  it.each(['populate', 'discard'] as const)('where a %s got 408, 425 or 5xx, and after no other status', (type) => {
    const retried = STATUSES.filter((status) => judged(type, status).retryMs !== undefined);
    expect(retried).toEqual([408, 425, ...STATUSES.filter((status) => status >= 500)]);
    expect(retried.map((status) => judged(type, status).retryMs)).toEqual(retried.map(() => 0));
  });

  it.each([
    ['seconds', '3', 3000],
    ['an HTTP date', 'Thu, 01 Jan 2026 00:00:07 GMT', 7000],
    ['a date that is over', 'Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ["asctime's date, which is GMT", 'Thu Jan  1 00:00:07 2026', 7000],
    ['a date of RFC 850', 'Thursday, 01-Jan-26 00:00:07 GMT', 7000],
  ])('after 429 with Retry-After of %s', (_name, retryAfter, retryMs) => {
    expect(judged('discard', 429, { retryAfter })).toMatchObject({ outcome: 'unanswered', retryMs });
  });

  it.each([undefined, '', '-5', '1.5', 'soon', '2026-01-01T00:00:07Z', 'Thu, never GMT'])(
    'not after 429 with Retry-After %s',
    (retryAfter) => {
      const said = retryAfter === undefined ? {} : { retryAfter };
      expect(judged('discard', 429, said)).not.toHaveProperty('retryMs');
    },
  );

  it('not with Retry-After alone', () => {
    expect(judged('populate', 404, { retryAfter: '1' })).not.toHaveProperty('retryMs');
  });
});

describe('an async listener', () => {
  it('accepts with every 2xx, and refuses with none', () => {
    const outcomes = STATUSES.map((status) => judgedAsync(status).outcome);
    expect(outcomes).toEqual(STATUSES.map((status) => (status < 300 ? 'accepted' : 'unanswered')));
  });

  it('is gone with 410 alone, and asked again after every other failure', () => {
    const gone = STATUSES.filter((status) => judgedAsync(status).isGone === true);
    expect(gone).toEqual([410]);
    const failures = STATUSES.filter((status) => status >= 300 && status !== 410);
    expect(failures.map((status) => judgedAsync(status).retryMs)).toEqual(failures.map(() => 0));
    expect(judgedAsync(410)).not.toHaveProperty('retryMs');
  });

  it('is asked again when its Retry-After says so, whatever the status', () => {
    expect(judgedAsync(404, { retryAfter: '5' }).retryMs).toBe(5000);
  });
});

describe('what the listener says', () => {
  it('is the detail and errno of a problem document', () => {
    const text = JSON.stringify({ detail: 'no room in the IOMMU', errno: 'ENOSPC' });
    expect(judged('populate', 409, { text })).toMatchObject({ excerpt: 'no room in the IOMMU', errno: 'ENOSPC' });
  });

  it.each(['enospc', 'E', 'ENOSPC!', 'E12345678901234567', 7, null])('has no errno of %j', (errno) => {
    expect(judged('populate', 409, { text: JSON.stringify({ errno }) })).not.toHaveProperty('errno');
  });

  it('stands behind the status where nothing was accepted or refused', () => {
    expect(judged('populate', 404, { text: 'what?' }).excerpt).toBe('HTTP 404: what?');
    expect(judged('populate', 404).excerpt).toBe('HTTP 404');
    expect(judged('populate', 200, { text: 'done' }).excerpt).toBe('done');
  });

  it('is cut to 512 characters, and never in the middle of one', () => {
    expect(judged('populate', 200, { text: 'x'.repeat(1000) }).excerpt).toBe('x'.repeat(512));
    expect(judged('populate', 200, { text: `${'x'.repeat(511)}\u{1F600}` }).excerpt).toBe(`${'x'.repeat(511)}\uFFFD`);
  });

  it('never repeats a secret, also where the cut would have gone through it', () => {
    const text = `${'x'.repeat(505)}verysecret`;
    const { excerpt } = judged('populate', 200, { text, hidden: ['verysecret'] });
    expect(excerpt).toBe(`${'x'.repeat(505)}[secret`);
  });

  it('is its text where that is no JSON object', () => {
    for (const text of ['{', '"{"', '[{"detail":"x"}]']) expect(judged('populate', 200, { text }).excerpt).toBe(text);
  });
});
