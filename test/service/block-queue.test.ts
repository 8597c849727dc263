import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/errors.ts';
import { BlockQueue } from '../../src/service/block-queue.ts';

const limits = { length: 3, waitMs: 10_000 };

/** A task that begins when its turn comes and ends when it is told to. */
function heldTask(name: string, log: string[]) {
  const end = Promise.withResolvers<void>();
  const run = async (): Promise<string> => {
    log.push(`${name} begins`);
    await end.promise;
    log.push(`${name} ends`);
    return name;
  };
  return { run, end: () => end.resolve() };
}

describe('BlockQueue', () => {
  it('runs one task after the other, in the order of arrival, also after one that failed', async () => {
    const queue = new BlockQueue(limits);
    const log: string[] = [];
    const first = heldTask('first', log);
    const second = heldTask('second', log);
    const results = Promise.all([
      queue.run(first.run),
      queue.run(() => Promise.reject(new Error('fails'))).catch((error: Error) => error.message),
      queue.run(second.run),
    ]);
    expect(log).toEqual(['first begins']);
    expect(queue.length).toBe(2);
    second.end();
    first.end();
    expect(await results).toEqual(['first', 'fails', 'second']);
    expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('turns away what comes when as many wait as may, and names the setting', async () => {
    const queue = new BlockQueue({ length: 1, waitMs: 10_000 });
    const running = heldTask('running', []);
    const done = [queue.run(running.run), queue.run(async () => 'waited')];
    const turnedAway = queue.run(async () => 'never');
    await expect(turnedAway).rejects.toMatchObject({ code: 'overloaded', extras: { retryAfterSeconds: 1 } });
    await expect(turnedAway).rejects.toThrow(/1 changes .* the limit is 1 \(RBA_BLOCK_QUEUE_LIMIT\)/);
    running.end();
    expect(await Promise.all(done)).toEqual(['running', 'waited']);
  });

  it('turns away what waited too long, and it never runs', async () => {
    const queue = new BlockQueue({ length: 3, waitMs: 20 });
    const running = heldTask('running', []);
    const done = queue.run(running.run);
    let ran = false;
    const impatient = queue.run(async () => {
      ran = true;
    });
    await expect(impatient).rejects.toThrow(/waited 20 ms .*RBA_QUEUE_WAIT_MS/);
    running.end();
    await done;
    await queue.run(async () => undefined);
    expect(ran).toBe(false);
  });

  it('lets what the service itself owes wait as long as it takes, beyond the limit', async () => {
    const queue = new BlockQueue({ length: 1, waitMs: 20 });
    const running = heldTask('running', []);
    const done = queue.run(running.run);
    const impatient = queue.run(async () => 'never');
    const owed = queue.runOwed(async () => 'owed');
    await expect(impatient).rejects.toMatchObject({ code: 'overloaded' });
    running.end();
    expect(await owed).toBe('owed');
    await done;
  });

  it('drops a task whose client has gone before it begins, and never after', async () => {
    const queue = new BlockQueue(limits);
    const log: string[] = [];
    const running = heldTask('running', log);
    const [begun, waiting] = [new AbortController(), new AbortController()];
    const done = queue.run(running.run, () => begun.signal);
    const dropped = queue.run(heldTask('dropped', log).run, () => waiting.signal);
    begun.abort();
    waiting.abort();
    await expect(dropped).rejects.toMatchObject({ code: 'overloaded' });
    await expect(
      queue.run(
        async () => 'late',
        () => AbortSignal.abort(),
      ),
    ).rejects.toMatchObject({ code: 'overloaded' });
    running.end();
    expect(await done).toBe('running');
    expect(log).toEqual(['running begins', 'running ends']);
  });

  it('once closed, finishes what has begun and turns away the rest', async () => {
    const queue = new BlockQueue(limits);
    const log: string[] = [];
    const running = heldTask('running', log);
    const done = queue.run(running.run);
    const waiting = queue.run(heldTask('waiting', log).run);
    const reason = new Problem('overloaded', 'closing');
    const closed = queue.close(reason).then(() => log.push('closed'));
    await expect(waiting).rejects.toBe(reason);
    await expect(queue.run(async () => 'late')).rejects.toBe(reason);
    running.end();
    await Promise.all([done, closed]);
    expect(log).toEqual(['running begins', 'running ends', 'closed']);
  });
});
