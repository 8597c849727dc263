// The bitmap on the wire: where its pieces meet, how large it may be, and that it is of one moment.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { PageModel } from './page-model.ts';

const PAGE = 4096;
const TIB = 2 ** 40;
/** Pages of a chunk of the bitmap inside the service. */
const CHUNK = 32_768;

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

async function create(idstr: string, usedLength: number): Promise<string> {
  return `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength })).id}`;
}

describe('a bitmap over several chunks', () => {
  const PAGES = 3 * CHUNK + 5;
  let block: string;
  const model = new PageModel(PAGES, PAGE);

  beforeAll(async () => {
    block = await create('chunks', PAGES * PAGE);
    // [first page, pages]: at borders of words and chunks, across them, a chunk that is full, and the last page.
    const shared = [
      [0, 1],
      [31, 2],
      [63, 1],
      [CHUNK - 3, 5],
      [CHUNK + 33, 70],
      [2 * CHUNK - 1, CHUNK + 2],
      [PAGES - 1, 1],
    ];
    for (const [page = 0, pages = 0] of shared) {
      const run = { offset: page * PAGE, size: pages * PAGE };
      await service.api.ok('POST', `${block}/conversions`, { ...run, to: 'shared' });
      model.set('ram-block-attributes', run, true);
    }
  });

  it.each([
    [0, PAGES],
    [1, PAGES - 1],
    [7, 100],
    [8, 8],
    [31, 33],
    [32, 32],
    [33, 1],
    [CHUNK - 1, 2],
    [CHUNK - 9, 17],
    [CHUNK - 32, 64],
    [CHUNK, CHUNK],
    [CHUNK + 1, 2 * CHUNK],
    [2 * CHUNK - 5, CHUNK + 10],
    [3 * CHUNK, 5],
    [PAGES - 1, 1],
  ])('from page %i, %i pages, is as the model has it', async (page, pages) => {
    const window = { offset: page * PAGE, size: pages * PAGE };
    const { status, headers, body } = await service.api.get(
      `${block}/bitmap?offset=${window.offset}&size=${window.size}`,
    );
    expect(status).toBe(200);
    expect(headers['content-length']).toBe(String(Math.ceil(pages / 8)));
    expect(Buffer.from(body, 'latin1').equals(model.bitmap(window))).toBe(true);
  });
});

describe('a large bitmap', () => {
  it('is given up to 64 MiB, and not a byte more', async () => {
    const block = await create('large', 4 * TIB);
    const head = async (query: string) => {
      const { statusCode, headers } = await request(`${service.url}${block}/bitmap?${query}`, { method: 'HEAD' });
      return [statusCode, headers['content-length']];
    };
    expect(await head(`size=${2 * TIB}`)).toEqual([200, String(64 * 2 ** 20)]);
    expect(await head(`offset=${2 * TIB}`)).toEqual([200, String(64 * 2 ** 20)]);
    const { status, body } = await service.api.get(`${block}/bitmap?size=${2 * TIB + PAGE}`);
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: 'payload-too-large', ramBlockId: block.split('/').at(-1) });
    expect((await service.api.get(`${block}/bitmap?source=ram-block-attributes`)).status).toBe(413);
  });

  it('is of one moment: what changes while it is read does not show', async () => {
    const block = await create('moment', TIB);
    const answer = await request(`${service.url}${block}/bitmap`);
    // 32 MiB do not fit into the buffers between here and there: most of it is not made yet.
    await service.api.ok('POST', `${block}/conversions`, { offset: TIB - PAGE, size: PAGE, to: 'shared' });
    const before = Buffer.from(await answer.body.arrayBuffer());
    expect(before.length).toBe(32 * 2 ** 20);
    expect(answer.headers.etag).toBe('"0"');
    expect(before.at(-1)).toBe(0);
    const { headers, body } = await service.api.get(`${block}/bitmap?offset=${TIB - 8 * PAGE}`);
    expect([headers.etag, body]).toEqual(['"1"', '\x80']);
  });

  it('that nobody reads to its end does not keep the service', async () => {
    const block = await create('abandoned', TIB);
    const answer = await request(`${service.url}${block}/bitmap`);
    answer.body.on('error', () => undefined);
    answer.body.destroy();
    expect((await service.api.get(`${block}/state?size=4096`)).status).toBe(200);
    await service.api.ok('DELETE', block);
  });
});
