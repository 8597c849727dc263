// While the journal is read back the service listens: it is alive, says how far it is, and answers nothing of blocks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { beginApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { StoredBlock } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { Api } from '../support/api.ts';
import { startService, until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';

/** Waits behind each block that it reads back. */
class SlowToRead extends MemoryJournal {
  /** Resolves when a block has been read back, and goes on with what it is resolved with. */
  read = Promise.withResolvers<() => void>();

  override async *blocks(): AsyncIterable<StoredBlock> {
    for await (const block of super.blocks()) {
      yield block;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.read.resolve(resolve);
      await promise;
    }
  }

  async next(): Promise<() => void> {
    const goOn = await this.read.promise;
    this.read = Promise.withResolvers();
    return goOn;
  }
}

afterEach(() => ServiceProcess.endAll());

/** A service that has begun to read back two blocks. */
async function begin() {
  const journal = new SlowToRead();
  const before = await startService({ openJournal: async () => journal });
  const ids: string[] = [];
  for (const idstr of ['one', 'two']) {
    ids.push((await before.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '64K' })).id);
  }
  await before.abandon();
  const config = loadConfig({ RBA_JOURNAL: 'memory' });
  const { app, started } = await beginApp(config, { log: pino({ level: 'silent' }), openJournal: async () => journal });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { journal, app, started, ids, api: new Api(url) };
}

const starting = (ramBlocks: number) => ({
  status: 503,
  headers: { 'retry-after': '1' },
  body: {
    code: 'overloaded',
    detail: `the service is starting: ${ramBlocks} RAM blocks are read back so far; nothing was done`,
  },
});

it('is alive and not ready, and turns away what is of blocks, until all of them are read back', async () => {
  const { journal, app, started, ids, api } = await begin();
  let goOn = await journal.next();
  for (const count of [1, 2]) {
    expect(await api.get('/livez')).toMatchObject({ status: 200, body: { status: 'alive' } });
    for (const path of ['/readyz', '/metrics', '/v1/ram-blocks', `/v1/ram-blocks/${ids[0]}`, '/v1/events']) {
      expect(await api.get(path), path).toMatchObject(starting(count));
    }
    expect(await api.post('/v1/ram-blocks', { idstr: 'three', usedLength: '64K' })).toMatchObject(starting(count));
    expect((await api.get('/openapi.json')).status).toBe(200);
    expect((await api.get('/v1/nothing')).status).toBe(404);
    goOn();
    if (count === 1) goOn = await journal.next();
  }
  await started;
  expect((await api.get('/readyz')).status).toBe(200);
  expect((await api.ok('GET', '/v1/ram-blocks')).items.map(({ id }: { id: string }) => id)).toEqual(ids);
  await api.close();
  await app.close();
});

it('that is ended meanwhile takes up no block', async () => {
  const { journal, app, started, api } = await begin();
  const goOn = await journal.next();
  const refused = expect(started).rejects.toMatchObject({ code: 'overloaded', message: /shutting down/ });
  await api.close();
  const closed = app.close();
  await until('it drains', () => !app.server.listening);
  goOn();
  await refused;
  await closed;
});

it('says that it listens once it takes changes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rba-starting-'));
  const service = new ServiceProcess(folder);
  const api = await service.ready;
  expect((await api.get('/readyz')).status).toBe(200);
  const told = (text: string) => service.output.findIndex((line) => line.includes(text));
  const order = [told('/livez answers meanwhile'), told('the journal is read back"'), told('Server listening at')];
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order[0]).toBeGreaterThanOrEqual(0);
  await api.close();
  expect(await service.end('SIGTERM')).toBe(0);
  await rm(folder, { recursive: true });
});
