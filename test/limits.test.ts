// The settings that decide who may do how much: their defaults, which depend on who can reach the service, and what they
// may be.
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';

const REACHABLE = ['0.0.0.0', '::', '10.0.0.1', 'service.example', '127.0.0.1.example'];
const LOOPBACK = ['127.0.0.1', '127.1.2.3', '::1', 'localhost', '::ffff:127.0.0.1'];

describe('a HOST that others can reach', () => {
  it.each(REACHABLE)('%s is refused where nobody would have to authenticate', (HOST) => {
    expect(() => loadConfig({ HOST })).toThrow(/others can reach.*RBA_TOKENS_FILE.*RBA_ALLOW_UNAUTHENTICATED=true/);
    expect(() => loadConfig({ HOST, RBA_ALLOW_UNAUTHENTICATED: 'false' })).toThrow('others can reach');
  });

  it.each(REACHABLE)('%s is taken with tokens, or by the word of the operator', (HOST) => {
    expect(loadConfig({ HOST, RBA_TOKENS_FILE: 'tokens' })).toMatchObject({ host: HOST, tokensFile: 'tokens' });
    expect(loadConfig({ HOST, RBA_ALLOW_UNAUTHENTICATED: 'true' })).toMatchObject({ host: HOST, tokensFile: null });
  });

  it('has a rate limit, unless that is set', () => {
    const reachable = { HOST: '0.0.0.0', RBA_TOKENS_FILE: 'tokens' };
    expect(loadConfig(reachable).rateLimit).toBe(1000);
    expect(loadConfig({ ...reachable, RBA_RATE_LIMIT: '0' }).rateLimit).toBe(0);
    expect(loadConfig({ ...reachable, RBA_RATE_LIMIT: '5' }).rateLimit).toBe(5);
  });
});

describe('a loopback HOST', () => {
  it.each(LOOPBACK)('%s needs no tokens, and has no rate limit', (HOST) => {
    expect(loadConfig({ HOST })).toMatchObject({ host: HOST, tokensFile: null, rateLimit: 0 });
  });

  it('may have both', () => {
    expect(loadConfig({ RBA_TOKENS_FILE: 'tokens', RBA_RATE_LIMIT: '7' })).toMatchObject({
      tokensFile: 'tokens',
      rateLimit: 7,
    });
  });

  it.each(LOOPBACK)('%s may send to loopback, unless others come with tokens, as through a proxy', (HOST) => {
    expect(loadConfig({ HOST }).allowedTargets).toHaveLength(2);
    expect(loadConfig({ HOST, RBA_TOKENS_FILE: 'tokens' })).toMatchObject({ allowedTargets: [], rateLimit: 1000 });
    const named = { HOST, RBA_TOKENS_FILE: 'tokens', RBA_ALLOWED_TARGETS: '127.0.0.0/8', RBA_RATE_LIMIT: '0' };
    expect(loadConfig(named).allowedTargets).toHaveLength(1);
    expect(loadConfig(named).rateLimit).toBe(0);
  });
});

describe('limits', () => {
  it('have defaults', () => {
    expect(loadConfig({})).toMatchObject({
      maxConnections: 10_000,
      requestTimeoutMs: 30_000,
      eventLoopDelayLimitMs: 1000,
      bodyMemoryLimit: 256 * 2 ** 20,
      answerLimits: { inAll: 2 ** 32, ofToken: 2 ** 30 },
      bounds: { ramBlocks: 100_000, listeners: 10_000, listenersPerBlock: 1000, sourcesPerBlock: 64 },
    });
  });

  it.each([
    ['64M', 64 * 2 ** 20],
    ['1GiB', 2 ** 30],
    ['0x10000000', 2 ** 28],
    ['100000000', 100_000_000],
  ])('of bodies are bytes: %s', (text, bytes) => {
    expect(loadConfig({ RBA_BODY_MEMORY_LIMIT: text }).bodyMemoryLimit).toBe(bytes);
  });

  it.each(['', '0', '63M', 'x', '-1', '1e9', '64m', '99999999T'])('of bodies are not %j', (text) => {
    expect(() => loadConfig({ RBA_BODY_MEMORY_LIMIT: text })).toThrow(/RBA_BODY_MEMORY_LIMIT.*at least 64M/);
  });

  it.each([
    ['RBA_ANSWERS_LIMIT', 'inAll'],
    ['RBA_ANSWERS_PER_TOKEN_LIMIT', 'ofToken'],
  ] as const)('of stored answers are bytes: %s', (setting, field) => {
    expect(loadConfig({ [setting]: '2M' }).answerLimits[field]).toBe(2 ** 21);
    for (const text of ['', '0', '1048575', '-1M', 'x']) {
      expect(() => loadConfig({ [setting]: text })).toThrow(new RegExp(`${setting} .*at least 1M`));
    }
  });

  it.each([
    ['RBA_RATE_LIMIT', '-1'],
    ['RBA_RATE_LIMIT', '1.5'],
    ['RBA_RATE_LIMIT', 'off'],
    ['RBA_MAX_CONNECTIONS', '0'],
    ['RBA_REQUEST_TIMEOUT_MS', '0'],
    ['RBA_REQUEST_TIMEOUT_MS', '2147483648'],
    ['RBA_EVENT_LOOP_DELAY_LIMIT_MS', '-1'],
    ['RBA_TOKENS_FILE', ''],
  ])('are numbers in their range, and files have names: %s=%s', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(name);
  });
});
