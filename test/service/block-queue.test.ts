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

describe('range locks', () => {
  const pages = (start: number, end: number) => () => ({ start, end });
  const everything = () => null;

  /** Runs a task with each lock, none of which ends, and returns which of them have begun. */
  function begun(...locks: (() => { start: number; end: number } | null)[]): number[] {
    const queue = new BlockQueue({ length: locks.length, waitMs: 10_000 });
    const started: number[] = [];
    for (const [index, lock] of locks.entries()) {
      const never = (): Promise<never> => {
        started.push(index);
        return new Promise(() => undefined);
      };
      queue.run(never, undefined, lock).catch(() => undefined);
    }
    void queue.close(new Problem('overloaded', 'closing'));
    return started;
  }

  it.each([
    ['the same page', pages(4, 5), pages(4, 5)],
    ['its last page', pages(0, 5), pages(4, 8)],
    ['its first page', pages(4, 8), pages(0, 5)],
    ['a part of it', pages(0, 8), pages(3, 4)],
    ['more than it', pages(3, 4), pages(0, 8)],
    ['everything', pages(3, 4), everything],
    ['a page, while everything is held', everything, pages(3, 4)],
  ])('overlap where the second needs %s: it waits', (_name, first, second) => {
    expect(begun(first, second)).toEqual([0]);
  });

  it.each([
    ['ends where the other begins', pages(4, 8), pages(0, 4)],
    ['begins where the other ends', pages(0, 4), pages(4, 8)],
    ['is far away', pages(0, 1), pages(2 ** 32 - 1, 2 ** 32)],
  ])('do not overlap where the second %s: both are under way', (_name, first, second) => {
    expect(begun(first, second)).toEqual([0, 1]);
  });

  it('are granted in the order of arrival: what waits is not overtaken by what needs its pages', () => {
    // The third needs none of what runs, but of what waits before it; the fourth needs neither.
    expect(begun(pages(0, 4), pages(2, 6), pages(5, 8), pages(8, 9))).toEqual([0, 3]);
  });

  it('are not granted past one that waits for everything', () => {
    expect(begun(pages(0, 1), everything, pages(4, 5))).toEqual([0]);
  });

  it('are asked for again when a turn may have come: what a change needs can have become more', async () => {
    const queue = new BlockQueue(limits);
    const log: string[] = [];
    const [first, second, third] = [heldTask('first', log), heldTask('second', log), heldTask('third', log)];
    let lock: { start: number; end: number } | null = { start: 0, end: 1 };
    const done = [
      queue.run(first.run, undefined, pages(0, 1)),
      queue.run(second.run, undefined, pages(4, 5)),
      queue.run(third.run, undefined, () => lock),
    ];
    lock = null;
    first.end();
    await done[0];
    expect(log).toEqual(['first begins', 'second begins', 'first ends']);
    second.end();
    await done[1];
    third.end();
    await done[2];
    expect(log.slice(3)).toEqual(['second ends', 'third begins', 'third ends']);
  });
});
