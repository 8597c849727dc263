// Turns requests away when there is too much to do: changes when the event loop is late, and bodies when there are too
// many bytes of them. Whoever gets 503 here is certain that nothing was done.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Transform } from 'node:stream';
import type { FastifyInstance, preParsingHookHandler, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../../errors.ts';
import { addRule } from './rules.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its body is read as it comes, and not kept: it takes no room from others. */
    streamed?: boolean;
  }
  interface FastifyInstance {
    /** Returns the bytes of all bodies of requests that are not answered yet. */
    bodyBytes(): number;
  }
}

export interface OverloadLimits {
  /** Milliseconds that the event loop may be late; 0: any time. */
  readonly eventLoopDelayMs: number;
  /** Bytes of all bodies of requests that are not answered yet. */
  readonly bodyBytes: number;
}

/**
 * Turns changes away while the event loop is late, and bodies that there is no room for. Reads go on: they are short, and
 * whoever watches the service needs them now.
 */
export const overload = fp<OverloadLimits>(
  async (app, { eventLoopDelayMs, bodyBytes }) => {
    if (eventLoopDelayMs > 0) watchEventLoop(app, eventLoopDelayMs);
    limitBodies(app, bodyBytes);
  },
  { name: 'overload', dependencies: ['unknown-paths'] },
);

/** Milliseconds of which the mean delay is taken, and between two ticks of the timer that is late or not. */
const SAMPLE_MS = 500;
const TICK_MS = 10;
/** Bytes of a body that are counted at once, when it begins; those of a longer one as they come. */
const SMALL_BODY = 64 * 1024;

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';
/** Reads do not pay for what only others need. */
const onlyReads = ({ method }: RouteOptions): boolean => [method].flat().every(isRead);

/** (@fastify/under-pressure would take a single stall, such as the start, for a lack of time.) */
function watchEventLoop(app: FastifyInstance, limitMs: number): void {
  const histogram = monitorEventLoopDelay({ resolution: TICK_MS });
  /** Milliseconds: the mean of the last sample, and the lower one of the last two. */
  let last = 0;
  let delay = 0;
  const sampling = setInterval(() => {
    // Without a tick there is no mean: it was late all the time.
    const mean = histogram.count === 0 ? SAMPLE_MS : histogram.mean / 1e6 - TICK_MS;
    delay = Math.min(mean, last);
    last = mean;
    histogram.reset();
  }, SAMPLE_MS).unref();
  histogram.enable();
  app.addHook('onClose', async () => {
    clearInterval(sampling);
    histogram.disable();
  });
  addRule(app, ({ method }) => {
    if (delay <= limitMs || isRead(method)) return null;
    const late = `the event loop is ${Math.round(delay)} ms late`;
    return overloaded(`${late}, the limit is ${limitMs} (RBA_EVENT_LOOP_DELAY_LIMIT_MS)`);
  });
}

/** @param limit bytes of all bodies of requests that are not answered yet */
function limitBodies(app: FastifyInstance, limit: number): void {
  let held = 0;
  const full = () => overloaded(`bodies of ${held} bytes wait already, the limit is ${limit} (RBA_BODY_MEMORY_LIMIT)`);

  const count: preParsingHookHandler = (request, reply, payload, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    const declared = Number(length ?? 0);
    if (declared === 0 && encoding === undefined) {
      done(null, payload);
      return;
    }
    if (held + declared > limit) {
      done(full());
      return;
    }
    let own = 0;
    let isOver = false;
    const take = (bytes: number): void => {
      if (isOver) return;
      own += bytes;
      held += bytes;
    };
    const release = (): void => {
      if (!isOver) held -= own;
      isOver = true;
    };
    reply.raw.on('close', release);
    if (encoding === undefined && declared <= SMALL_BODY) {
      take(declared);
      done(null, payload);
      return;
    }
    // Not what it says: a slow sender would hold what it has not sent.
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, callback) {
        take(chunk.length);
        if (held <= limit) {
          callback(null, chunk);
          return;
        }
        const problem = full();
        // At once, so that this one makes room for the others that are coming.
        release();
        callback(problem);
      },
    });
    payload.once('error', (error) => counted.destroy(error));
    // Where it is refused without being read, nobody else listens; an error that nobody hears would end the service.
    counted.on('error', () => undefined);
    // A body that is refused unread is read to its end and thrown away: the next request comes behind it.
    reply.raw.once('finish', () => payload.unpipe(counted).resume());
    done(null, payload.pipe(counted));
  };
  app.addHook('onRoute', (route) => {
    if (!onlyReads(route) && route.config?.streamed !== true) route.preParsing = [route.preParsing ?? [], count].flat();
  });
  app.decorate('bodyBytes', () => held);
}

function overloaded(detail: string): Problem {
  return new Problem('overloaded', `${detail}; nothing was done`, { retryAfterSeconds: 1 });
}
