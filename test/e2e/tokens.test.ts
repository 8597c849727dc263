// The file of tokens over the life of a process: a bad one refuses the start, SIGHUP reads it again.
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { EventStream } from '../support/event-stream.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { startService, until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { hashOf, lineOf, READER, TokensFile, WRITER } from '../support/tokens-file.ts';

const LIST = '/v1/ram-blocks';

let folder: string;
let file: TokensFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-tokens-data-'));
  file = await TokensFile.create();
});
afterEach(async () => {
  await ServiceProcess.endAll();
  await file.remove();
  await rm(folder, { recursive: true });
});

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('a start', () => {
  it('is refused by a bad line, which is named by its number and not by what it says', async () => {
    await file.write(`${lineOf('a', 'read', READER)}b:write:${hashOf(WRITER).slice(1)}\n`);
    const lines: string[] = [];
    const log = createLog('trace', { write: (line: string) => void lines.push(line) });
    const start = startService({ settings: file.settings, log }).catch(String);
    expect(await start).toContain(`${file.path}, line 2: must be name:read|write:sha256 in hex`);
    for (const text of [READER, WRITER, hashOf(READER), hashOf(WRITER).slice(1)]) {
      expect(`${await start} ${lines.join('\n')}`).not.toContain(text);
    }
  });

  it('is refused without the file', async () => {
    const settings = { RBA_TOKENS_FILE: join(folder, 'none') };
    await expect(startService({ settings })).rejects.toThrow(/ENOENT.*none/);
  });

  it('on an address that others can reach needs nothing but the file', async () => {
    const service = await startService({ settings: { HOST: '0.0.0.0', RBA_TOKENS_FILE: file.path }, token: READER });
    const { status, headers } = await service.api.get(LIST);
    expect(status).toBe(200);
    expect(headers['ratelimit-policy']).toBe('"default";q=1000;w=1');
    await service.close();
  });
});

describe('SIGHUP', () => {
  it('reads the tokens again; a bad file changes nothing and is an error in the log', async () => {
    const service = new ServiceProcess(folder, file.settings, WRITER);
    const api = await service.ready;
    const status = async (token: string) => (await api.get(LIST, bearer(token))).status;
    const logged = (text: string) => service.output.filter((line) => line.includes(text)).length;
    expect([await status(READER), await status('third')]).toEqual([200, 401]);

    await file.write(lineOf('writer', 'write', WRITER) + lineOf('third', 'read', 'third'));
    service.signal('SIGHUP');
    await until('they are read', () => logged('the tokens are read again') === 1);
    expect([await status(READER), await status(WRITER), await status('third')]).toEqual([401, 200, 200]);

    await file.write(`${lineOf('writer', 'write', WRITER)}fourth:read:fourth-token-in-clear\n`);
    service.signal('SIGHUP');
    await until('it is refused', () => logged('those that were known stay') === 1);
    expect(service.output.at(-1)).toContain(`${file.path}, line 2`);
    expect(service.output.at(-1)).toMatch(/"level":50/);
    expect(service.output.join('\n')).not.toContain('fourth-token-in-clear');
    expect([await status(WRITER), await status('third')]).toEqual([200, 200]);
    await api.close();
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('without tokens ends the service in order, as the end of a terminal does', async () => {
    const service = new ServiceProcess(folder);
    const api = await service.ready;
    await api.close();
    expect(await service.end('SIGHUP')).toBe(0);
  });
});

describe('a token that is gone', () => {
  it('hears no more events; one that stays goes on', async () => {
    const service = await startService({ settings: file.settings, token: WRITER });
    const [gone, stays] = await Promise.all(
      [READER, WRITER].map((token) => EventStream.open(`${service.url}/v1/events`, bearer(token).headers)),
    );
    await file.write(lineOf('writer', 'write', WRITER));
    service.reloadTokens();
    await until('its stream is over', () => gone?.isOver === true);
    await service.api.ok('POST', LIST, { idstr: 'pc.ram', usedLength: 4096 });
    await until('the other hears of it', () => stays?.types.length === 1);
    expect(gone?.types).toEqual([]);
    stays?.close();
    await service.close();
  });

  it('has its change finished and answered: what has begun is not cut off', async () => {
    const journal = new FaultyJournal();
    const service = await startService({ settings: file.settings, token: WRITER, openJournal: journal.open });
    journal.hold();
    const change = service.api.post(LIST, { idstr: 'pc.ram', usedLength: 4096 });
    await until('it is being written', () => journal.held > 0);
    await file.write(lineOf('reader', 'read', READER));
    service.reloadTokens();
    journal.release();
    expect((await change).status).toBe(201);
    expect((await service.api.get(LIST)).status).toBe(401);
    await service.close();
  });

  it('that is not through yet is told by SIGHUP as well that the file is another', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const service = new ServiceProcess(join(folder, 'data'), { RBA_TOKENS_FILE: path }, WRITER);
    // Resolves when the service has begun to read it, and waits for what comes.
    const first = await open(path, 'w');
    service.signal('SIGHUP');
    await rm(path);
    await writeFile(path, lineOf('writer', 'write', WRITER));
    await first.writeFile(lineOf('reader', 'read', READER));
    await first.close();
    const api = await service.ready;
    expect((await api.get(LIST)).status).toBe(200);
    await api.close();
    expect(await service.end('SIGTERM')).toBe(0);
  });
});
