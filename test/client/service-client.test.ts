// The client's typed calls, against the service.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoAnswerError, ProblemError, ServiceClient, UnexpectedAnswerError } from '../../src/client/service-client.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
let client: ServiceClient;

beforeAll(async () => {
  service = await startService();
  client = new ServiceClient({ url: `${service.url}/` });
});
afterAll(() => service.close());

describe('a typed call', () => {
  it('creates, converts, lists and deletes', async () => {
    const body = { idstr: 'pc.ram', usedLength: '16M' };
    const { id: ramBlockId } = await client.call('POST', '/v1/ram-blocks', { body });
    const path = { ramBlockId };
    const conversion = await client.call('POST', '/v1/ram-blocks/{ramBlockId}/conversions', {
      path,
      query: { dryRun: true },
      headers: { 'if-match': '"0"' },
      body: { offset: 0, size: '1M', to: 'shared' },
    });
    expect(conversion).toMatchObject({ changedBytes: 2 ** 20, from: 'private' });
    const { items } = await client.call('GET', '/v1/ram-blocks', { query: { idstr: 'pc.ram', limit: 1 } });
    expect(items.map(({ id }) => id)).toEqual([ramBlockId]);
    expect(await client.call('DELETE', '/v1/ram-blocks/{ramBlockId}', { path })).toBeUndefined();
  });

  it('throws the problem that the service answers', async () => {
    const path = { ramBlockId: 'a/b ü' };
    const called = client.call('GET', '/v1/ram-blocks/{ramBlockId}', { path });
    await expect(called).rejects.toThrow(ProblemError);
    await expect(called).rejects.toMatchObject({ problem: { status: 404, code: 'not-found' } });
  });

  it('throws when nobody answers, or somebody else', async () => {
    const none = new ServiceClient({ url: 'http://s', fetch: () => Promise.reject(new Error('gone')) });
    await expect(none.call('GET', '/v1/machines')).rejects.toThrow(NoAnswerError);
    const page = new ServiceClient({ url: 'http://s', fetch: () => Promise.resolve(new Response('<html>')) });
    await expect(page.call('GET', '/v1/machines')).rejects.toThrow(UnexpectedAnswerError);
  });

  it('is checked by the compiler', () => {
    const never = (): unknown[] => [
      // @ts-expect-error there is no such path
      client.call('GET', '/v1/blocks'),
      // @ts-expect-error it has no such method
      client.call('PUT', '/v1/ram-blocks'),
      // @ts-expect-error the body is missing
      client.call('POST', '/v1/ram-blocks'),
      // @ts-expect-error usedLength is missing
      client.call('POST', '/v1/ram-blocks', { body: { idstr: 'a' } }),
      // @ts-expect-error the path has another name
      client.call('GET', '/v1/ram-blocks/{ramBlockId}', { path: { id: 'a' } }),
    ];
    expect(never).toBeTypeOf('function');
  });
});
