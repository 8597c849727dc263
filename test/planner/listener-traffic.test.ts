// What a plan says a listener would be sent, against what the service does send.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { startService } from '../support/service.ts';
import { GIB, PAGE, planText, toPrivate, toShared } from './planning.ts';

/** [page, pages, to] */
type Conversion = readonly [number, number, 'shared' | 'private'];

/** Posts conversions to a service with one listener. @returns the lengths of the bodies that this was sent */
async function bodiesOf(conversions: readonly Conversion[], gpa: number, idstr: string): Promise<number[]> {
  const lengths: number[] = [];
  const server = createServer(async (request, response) => {
    lengths.push((await buffer(request)).length);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '1G', gpa });
  const path = `/v1/ram-blocks/${id}`;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await service.api.ok('POST', `${path}/listeners`, { url });
  for (const [page, pages, to] of conversions) {
    await service.api.ok('POST', `${path}/conversions`, { offset: page * PAGE, size: pages * PAGE, to });
  }
  await service.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  return lengths;
}

describe('a listener', () => {
  it.each([
    ['pc.ram', 4 * GIB],
    ['/machine/peripheral/a "quoted" ä', 0],
  ])('of %s at %i is sent as many bytes as the plan says', async (idstr, gpa) => {
    const conversions: Conversion[] = [
      ...Array.from({ length: 12 }, (_, index): Conversion => [2 * index, 1, 'shared']),
      // A mixture, a no-op, and with every second page of 1200 more sections than one request has.
      [0, 24, 'shared'],
      [0, 24, 'shared'],
      ...Array.from({ length: 600 }, (_, index): Conversion => [1000 + 2 * index, 1, 'shared']),
      [1000, 1200, 'private'],
    ];
    const lengths = await bodiesOf(conversions, gpa, idstr);
    const line = ([page, pages, to]: Conversion) =>
      (to === 'shared' ? toShared : toPrivate)(gpa + page * PAGE, pages * PAGE);
    const { listener } = await planText(conversions.map(line).join(''), { maps: [`${gpa}:1G:${idstr}`] });
    expect(listener.requests).toBe(lengths.length);
    expect(listener).toMatchObject({ populates: 12 + 1 + 600, discards: 2, sections: 12 + 12 + 600 + 600 });
    expect(listener.bytes).toBe(lengths.reduce((sum, bytes) => sum + bytes, 0));
    expect(listener.largest).toEqual({ line: conversions.length, sections: 512, bytes: Math.max(...lengths) });
  });
});
