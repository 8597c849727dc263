// A data folder of format 7, as the last version that wrote it left it when it was killed: it is converted when it is
// opened, with all that was in it; it stays as it is where that does not succeed.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Expected, stateOf, storedTokens } from '../support/stored-folder.ts';
import { WRITER } from '../support/tokens-file.ts';

const STORED = fileURLToPath(new URL('../fixtures/format-7', import.meta.url));
/** Nobody is told anything: what is unsettled stays so. */
const NOBODY = { RBA_ALLOWED_TARGETS: '192.0.2.0/24' };

const { calls, state }: Expected = JSON.parse(readFileSync(join(STORED, 'expected.json'), 'utf8'));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rba-format-7-'));
  for (const file of ['journal.sqlite', 'journal.sqlite-wal', 'journal.made']) {
    cpSync(join(STORED, file), join(folder, file));
  }
});

afterEach(() => rmSync(folder, { recursive: true }));

function formatOf(path: string): unknown {
  const db = new DatabaseSync(join(path, 'journal.sqlite'));
  const format = db.prepare('PRAGMA user_version').get()?.user_version;
  db.close();
  return format;
}

describe('a folder of format 7', () => {
  let service: TestService | undefined;

  afterEach(() => service?.close());

  it('is converted, which is said once, and shows what it showed', async () => {
    const remarks: (string | null)[] = [];
    const openJournal = async () => {
      const journal = await SqliteJournal.open(folder);
      remarks.push(journal.remark);
      return journal;
    };
    for (let start = 0; start < 2; start++) {
      service = await startService({ settings: NOBODY, openJournal });
      expect(await stateOf(service.api)).toEqual(state);
      await service.close();
      service = undefined;
    }
    expect(remarks).toEqual([expect.stringContaining('it had format 7 and was converted to format 8'), null]);
    expect(formatOf(folder)).toBe(8);
  });

  it.each([false, true])(
    'gives the answers again that were kept under an Idempotency-Key; with a token: %j',
    async (withToken) => {
      const tokens = await storedTokens();
      const own = calls.filter((call) => call.withToken === withToken);
      expect(own).toHaveLength(2);
      service = await startService({
        settings: { ...(withToken ? tokens.settings : {}), ...NOBODY },
        openJournal: () => SqliteJournal.open(folder),
        ...(withToken ? { token: WRITER } : {}),
      });
      for (const { path, key, body, answer } of own) {
        const again = await service.api.post(path, body, { headers: { 'idempotency-key': key } });
        expect(again.headers['idempotent-replayed']).toBe('true');
        expect(again.body).toEqual(answer);
      }
      await tokens.remove();
    },
  );

  it('takes changes once it is converted', async () => {
    service = await startService({ settings: NOBODY, openJournal: () => SqliteJournal.open(folder) });
    const { items } = await service.api.ok('GET', '/v1/ram-blocks');
    const block = items.find(({ machine }: { machine: string }) => machine === 'vm-3');
    const path = `/v1/ram-blocks/${block.id}`;
    const { generation } = await service.api.ok('POST', `${path}/conversions`, { offset: 0, size: 4096, to: 'shared' });
    expect(generation).toBe(block.generation + 1);
  });
});

describe('a conversion', () => {
  it.each([
    ['has no room', (): void => void new SqliteStore(folder, { maxPages: 24 })],
    ['meets a record that is damaged', () => alter(`UPDATE segments SET text = replace(text, '"s', '"t')`)],
    [
      'meets a segment that is missing',
      () => alter('DELETE FROM segments WHERE last = (SELECT MIN(last) FROM segments)'),
    ],
    ['meets a log that is damaged', () => alter('UPDATE log SET crc = crc + 1')],
    ['meets a snapshot that is damaged', () => alter(`UPDATE snapshots SET data = x'00'`)],
    ['meets an answer that is damaged', () => alter(`UPDATE answers SET json = '{}'`)],
  ])('that %s leaves the folder as it was', (_what, task) => {
    expect(task).toThrow(/full|damaged/);
    expect(formatOf(folder)).toBe(7);
  });

  /** Opens the folder after a change to it. */
  function alter(sql: string): void {
    const db = new DatabaseSync(join(folder, 'journal.sqlite'));
    db.exec(sql);
    db.close();
    new SqliteStore(folder).close();
  }
});
