// What must have happened in a run that is long enough: a kind of command or fault that never did shows nothing.
import { KINDS } from './requests.ts';

export const REQUIRED: readonly string[] = [
  ...Object.keys(KINDS).flatMap((kind) => [`asked: ${kind}`, `done: ${kind}`]),
  ...['answers given again', 'keys used again', 'keys used for something else', 'clients that left', 'days', 'rests'],
  ...['crashes', 'crashes with appends under way', 'crashes with deliveries under way', 'crashes while it starts'],
  ...[
    'appends that a crash cut off and are durable',
    'appends that failed and are durable',
    'appends that failed and are lost',
  ],
  ...['journal failures', 'reads that failed', 'openings that failed', 'starts that failed', 'orderly restarts'],
  ...[
    'snapshots',
    'snapshots that failed',
    'connections that failed',
    'requests that were lost',
    'answers that were lost',
  ],
  ...['refusals', 'rubbish answers', 'attempts again', 'attempts without an answer', 'copies answered as before'],
  ...['copies fenced', 'late copies', 'late copies acted on', 'outcomes with unknown pages', 'recovery discards'],
  ...['recovery populates', 'rollback discards', 'rollback populates', 'async attempts', 'deliveries skipped'],
  ...[
    'async replays wanted',
    'async replays begun',
    'listeners that became disabled',
    'listeners that became removing',
  ],
  ...['failed with listener-refused', 'failed with listener-unreachable', 'failed with discard-unacknowledged'],
  ...[
    'failed with listener-unsettled',
    'failed with mapping-limit',
    'failed with overloaded',
    'failed with journal-unavailable',
  ],
  ...['failed with generation-mismatch', 'failed with idempotency-key-in-use', 'failed with section-cut'],
];
