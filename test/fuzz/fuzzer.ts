// Sends requests to every operation of the document and checks every answer; then whether the service is as it was: alive,
// no larger, and the same after a restart.
import { isDeepStrictEqual } from 'node:util';
import { Chance } from './chance.ts';
import { bodyOf, check } from './checks.ts';
import { FuzzConnection, type RawAnswer } from './connection.ts';
import { Pool } from './pool.ts';
import { Receiver } from './receiver.ts';
import { type FuzzRequest, makeRequest } from './requests.ts';
import { ServiceUnderTest } from './service-under-test.ts';

const CONNECTIONS = 8;
/** Requests that are sent at once on a connection, at most. */
const FLIGHT = 6;
/** Times that the memory is looked at. */
const MEMORY_SAMPLES = 60;
/** What the memory in use may grow by from the second quarter of a run to the last: twice, and so many bytes. */
const GROWTH = 1.5;
const GROWTH_BYTES = 48 * 2 ** 20;

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  readonly onProgress?: (figures: FuzzFigures) => void;
}

export interface FuzzFigures {
  sent: number;
  /** Behind an answer after which the service closes the connection. */
  unanswered: number;
  malformed: number;
  readonly byStatus: Map<number, number>;
  /** Successes and refusals of each operation. */
  readonly byOperation: Map<string, { successes: number; refusals: number }>;
  /** Bytes in use, as the run went on. */
  readonly memory: number[];
  /** Bytes that the process had at most. */
  peakResident: number;
}

/** @throws Error that says what is wrong, and what was sent */
export async function fuzz({ requests, seed, onProgress }: FuzzOptions): Promise<FuzzFigures> {
  const figures: FuzzFigures = {
    ...{ sent: 0, unanswered: 0, malformed: 0, peakResident: 0, memory: [] },
    byStatus: new Map(),
    byOperation: new Map(),
  };
  const receiver = await Receiver.start();
  const service = await ServiceUnderTest.start();
  try {
    const run = new Run(seed, requests, service.port, receiver.url, figures);
    await Promise.all([
      ...Array.from({ length: CONNECTIONS }, () => run.connection()),
      watchMemory(service, run, figures, requests, onProgress),
    ]);
    await service.checkAlive();
    checkGrowth(figures.memory);
    figures.peakResident = service.peakResident;
    const before = await service.everything();
    await service.restart();
    const after = await service.everything();
    if (!isDeepStrictEqual(after, before)) throw new Error('after a restart the blocks are not what they were');
    await service.checkAlive();
    await service.stop();
    return figures;
  } catch (error) {
    // What it has to say comes with its end.
    await service.stop().catch(() => undefined);
    throw new Error(`${(error as Error).message}\nthe service: ${service.complaints.join('\n')}`);
  } finally {
    await service.remove();
    await receiver.close();
  }
}

class Run {
  readonly #seed: number;
  readonly #requests: number;
  readonly #port: number;
  readonly #receiver: string;
  readonly #figures: FuzzFigures;
  readonly #pool = new Pool();
  /** An answer was wrong: nothing more is sent. */
  hasFailed = false;

  constructor(seed: number, requests: number, port: number, receiver: string, figures: FuzzFigures) {
    this.#seed = seed;
    this.#requests = requests;
    this.#port = port;
    this.#receiver = receiver;
    this.#figures = figures;
  }

  /** Sends on one connection after the other until all is sent. @throws Error at the first answer that is wrong */
  async connection(): Promise<void> {
    const connection = new FuzzConnection(this.#port);
    try {
      let before: readonly FuzzRequest[] = [];
      while (this.#figures.sent < this.#requests && !this.hasFailed) {
        const flight = this.#flight();
        // What is wrong may be so because of what was sent before.
        const sent = [...before, ...flight];
        const answers = await connection.send(flight).catch((error: Error) => this.#fail(error, sent));
        this.#judge(flight, answers, sent);
        before = flight;
      }
    } finally {
      connection.close();
    }
  }

  #flight(): FuzzRequest[] {
    const flight: FuzzRequest[] = [];
    const length = 1 + new Chance(this.#seed ^ this.#figures.sent).below(FLIGHT);
    while (flight.length < length && this.#figures.sent < this.#requests) {
      const number = this.#figures.sent++;
      const chance = new Chance(this.#seed + number);
      flight.push(makeRequest({ chance, pool: this.#pool, receiver: this.#receiver, number }));
      // Nothing can be told apart behind it.
      if (flight.at(-1)?.kind === 'malformed') break;
    }
    return flight;
  }

  #judge(flight: readonly FuzzRequest[], answers: readonly RawAnswer[], sent: readonly FuzzRequest[]): void {
    for (const [index, answer] of answers.entries()) {
      const request = flight[index];
      try {
        if (request === undefined) throw new Error('more answers than requests');
        const body = bodyOf(answer);
        check(request, answer, body);
        this.#pool.learn(request.operationId, request.path, answer.status, body);
        this.#count(request, answer);
      } catch (error) {
        this.#fail(error as Error, request === undefined ? flight : [request], answer);
      }
    }
    const missing = flight.slice(answers.length).filter(({ kind }) => kind !== 'malformed');
    const last = answers.at(-1);
    // It may hang up behind what it cannot read to its end, and then it has said so.
    const isClosed = last?.headers.connection === 'close';
    if (missing.length > 0 && !isClosed) this.#fail(new Error('no answer, and the connection is closed'), sent, last);
    this.#figures.unanswered += missing.length;
  }

  #count({ operationId, kind }: FuzzRequest, { status }: RawAnswer): void {
    const { byStatus, byOperation } = this.#figures;
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    if (kind === 'malformed') {
      this.#figures.malformed++;
      return;
    }
    const of = byOperation.get(operationId) ?? { successes: 0, refusals: 0 };
    byOperation.set(operationId, of);
    if (status < 400) of.successes++;
    else of.refusals++;
  }

  #fail(error: Error, sent: readonly FuzzRequest[], answer?: RawAnswer): never {
    this.hasFailed = true;
    const shown = sent.map(({ number, kind, bytes }) => {
      return `request ${number} (${kind}): ${JSON.stringify(bytes.toString('latin1').slice(0, 4000))}`;
    });
    const answered =
      answer && `answer: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.body.toString().slice(0, 2000)}`;
    throw new Error([`FUZZ_SEED=${this.#seed}: ${error.message}`, ...shown, answered ?? 'no answer'].join('\n'));
  }
}

async function watchMemory(
  service: ServiceUnderTest,
  run: Run,
  figures: FuzzFigures,
  requests: number,
  onProgress: FuzzOptions['onProgress'],
): Promise<void> {
  for (let sample = 1; sample <= MEMORY_SAMPLES; sample++) {
    const due = (requests * sample) / MEMORY_SAMPLES;
    while (figures.sent < due && !run.hasFailed) await new Promise((resolve) => setTimeout(resolve, 20));
    if (run.hasFailed) return;
    figures.memory.push(await service.memory());
    onProgress?.(figures);
  }
}

/** @param memory bytes in use as the run went on: what it comes back to is what is kept @throws Error */
export function checkGrowth(memory: readonly number[]): void {
  const quarter = Math.floor(memory.length / 4);
  const before = Math.min(...memory.slice(quarter, 2 * quarter));
  const after = Math.min(...memory.slice(-quarter));
  if (after <= before * GROWTH + GROWTH_BYTES) return;
  throw new Error(`the memory in use grew from ${before} to ${after} bytes`);
}
