// Records for tests of the journal: of what the core puts into a record, only what the journal looks at.
import type { BlockRecord } from '../../src/core/records.ts';
import type { Answered } from '../../src/journal/journal.ts';

const conversion = { id: null, offset: 0, size: 0, to: 'shared', from: 'shared', changed: [], notified: [] };

export interface RecordOptions {
  readonly ramBlockId: string;
  readonly kind: string;
  readonly conversions?: number;
  /** What tells it from others. */
  readonly tag: string;
  readonly text?: string;
}

export function recordOf({ ramBlockId, kind, conversions = 0, tag, text = '' }: RecordOptions): BlockRecord {
  const steps = Array.from({ length: conversions }, () => ({ conversion }));
  return {
    ramBlockId,
    at: '',
    kind,
    tag,
    text,
    ...(kind === 'source-changed' ? { steps } : {}),
  } as unknown as BlockRecord;
}

export function answerOf(key: string, body: string, at = 1): Answered {
  return { kind: 'answered', key, fingerprint: '', status: 200, headers: {}, body, at };
}
