// Random histories over HTTP, compared with the naive model: every answer, every callback, every state.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { type Mode, type ModelListener, NaiveModel, type Outcome, type Run, verdict } from '../support/naive-model.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const LENGTH = 37;
const ADDRESS = 0x1_0000_0000;
const DEVICES = 3;
const SOURCES = ['ram-block-attributes', 'virtio-mem0', 'virtio-mem1'];

let service: TestService;
let devices: ScriptedListener[];
let histories = 0;

beforeAll(async () => {
  service = await startService();
  devices = await Promise.all(Array.from({ length: DEVICES }, () => ScriptedListener.start()));
});

afterAll(async () => {
  await service.close();
  await Promise.all(devices.map((device) => device.close()));
});

const page = fc.nat(LENGTH);
const range = fc.tuple(page, page).map(([a, b]): Run => [Math.min(a, b), Math.max(a, b)]);
const bytes = fc.oneof(
  { weight: 12, arbitrary: range.map(([start, end]) => ({ offset: start * PAGE, size: (end - start) * PAGE })) },
  // Unaligned, beyond the end, empty.
  {
    weight: 1,
    arbitrary: fc.record({ offset: fc.constantFrom(0, 1, 512, PAGE), size: fc.constantFrom(0, 1, 4095, 4097) }),
  },
  { weight: 1, arbitrary: range.map(([start, end]) => ({ offset: end * PAGE, size: (LENGTH - start) * PAGE })) },
);
const mode = fc.constantFrom<Mode>('accept', 'accept', 'accept', 'refuse', 'lose');
const device = fc.nat(DEVICES - 1);
const source = fc.constantFrom(...SOURCES);

const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('convert' as const), bytes, populate: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), source, bytes, populate: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      source,
      granule: fc.constantFrom(1, 2, 4),
      populated: range,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), source }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('register' as const), device, mode, range, doubleDiscard: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unregister' as const), device }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), device }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('behave' as const), device, mode }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One history: a block in the service, the model beside it. */
class History {
  readonly #model: NaiveModel;
  readonly #path: string;
  readonly #modes: Mode[] = devices.map(() => 'accept');
  /** By device: the listener in the model and its id in the service. */
  readonly #registered = new Map<number, { model: ModelListener; id: string }>();
  readonly #sourceIds = new Map<string, string>();

  static async begin(guestMemfd: boolean): Promise<History> {
    const idstr = `history-${histories++}`;
    const body = { idstr, usedLength: LENGTH * PAGE, gpa: ADDRESS, machine: idstr, guestMemfd };
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', body);
    const history = new History(guestMemfd, `/v1/ram-blocks/${id}`);
    await history.#learnSources();
    return history;
  }

  private constructor(guestMemfd: boolean, path: string) {
    this.#model = new NaiveModel(LENGTH, guestMemfd);
    this.#path = path;
    for (const [index, { received, mapped }] of devices.entries()) {
      received.length = 0;
      mapped.clear();
      const real = devices[index];
      if (real === undefined) continue;
      real.script = ({ type, reason }) => {
        const said = verdict(this.#modes[index] ?? 'accept', type.replace('ram_block.', ''), reason);
        return said === 'yes' ? 200 : said === 'no' ? 409 : 404;
      };
    }
  }

  async run(step: Step): Promise<void> {
    const [expected, actual] = await this.#do(step);
    expect([actual.status, actual.body.code].slice(0, expected.length), JSON.stringify(step)).toEqual(expected);
    if (expected[1] === undefined) expect(actual.body.code).toBeUndefined();
    await this.#compare(step);
  }

  async #do(step: Step): Promise<[Outcome, { status: number; body: { id?: string; code?: string } }]> {
    const { api } = service;
    const model = this.#model;
    switch (step.do) {
      case 'convert': {
        const body = { ...step.bytes, to: step.populate ? 'shared' : 'private' };
        const expected = model.change('ram-block-attributes', step.bytes.offset, step.bytes.size, step.populate);
        return [expected, await api.post(`${this.#path}/conversions`, body)];
      }
      case 'change': {
        const id = this.#sourceIds.get(step.source) ?? 'none';
        const body = { ...step.bytes, to: step.populate ? 'populated' : 'discarded' };
        const expected: Outcome = this.#sourceIds.has(step.source)
          ? model.change(step.source, step.bytes.offset, step.bytes.size, step.populate)
          : [404, 'not-found'];
        return [expected, await api.post(`${this.#path}/sources/${id}/changes`, body)];
      }
      case 'add': {
        const granule = step.source === 'ram-block-attributes' ? 1 : step.granule;
        const aligned = step.populated.map((at) => Math.min(Math.floor(at / granule) * granule, LENGTH));
        const [start = 0, end = 0] = aligned;
        const populated = start < end ? [{ offset: start * PAGE, size: (end - start) * PAGE }] : [];
        const body = { name: step.source, granularity: granule * PAGE, populated };
        const expected = model.addSource(step.source, granule, start < end ? [[start, end]] : []);
        const actual = await api.post(`${this.#path}/sources`, body);
        if (actual.status === 201) this.#sourceIds.set(step.source, actual.body.id);
        return [expected, actual];
      }
      case 'remove': {
        const expected = model.removeSource(step.source);
        const id = this.#sourceIds.get(step.source) ?? 'none';
        if (expected[0] === 204) this.#sourceIds.delete(step.source);
        return [expected, await api.delete(`${this.#path}/sources/${id}?force=true`)];
      }
      case 'register':
        return this.#register(step);
      case 'unregister':
      case 'replay': {
        const registered = this.#registered.get(step.device);
        if (registered === undefined) return [[404], { status: 404, body: {} }];
        const url = `${this.#path}/listeners/${registered.id}`;
        if (step.do === 'replay') return [model.replay(registered.model), await api.post(`${url}/replay`)];
        const expected = model.unregister(registered.model);
        const actual = await api.delete(url);
        await this.#compareTold(step.device, registered.model, step);
        if (expected[0] === 204) this.#registered.delete(step.device);
        return [expected, actual];
      }
      case 'behave': {
        this.#setMode(step.device, step.mode);
        return [[200], { status: 200, body: {} }];
      }
    }
  }

  async #register(
    step: Step & { do: 'register' },
  ): Promise<[Outcome, { status: number; body: { id?: string; code?: string } }]> {
    const [start, end] = step.range;
    const real = devices[step.device];
    if (real === undefined || this.#registered.has(step.device)) return [[0], { status: 0, body: {} }];
    this.#setMode(step.device, step.mode);
    const model: ModelListener = {
      key: `device ${step.device}`,
      start,
      end,
      address: ADDRESS + start * PAGE,
      doubleDiscard: step.doubleDiscard,
      mode: step.mode,
      told: [],
    };
    const section = { offset: start * PAGE, size: (end - start) * PAGE };
    const body = { url: real.url, secret: SECRET, section, doubleDiscardSupported: step.doubleDiscard };
    const expected: Outcome = start === end ? [422, 'invalid-range'] : this.#model.register(model);
    const actual = await service.api.post(`${this.#path}/listeners`, body);
    if (expected[0] === 201) this.#registered.set(step.device, { model, id: actual.body.id });
    else await this.#compareTold(step.device, model, step);
    return [expected, actual];
  }

  #setMode(index: number, mode: Mode): void {
    this.#modes[index] = mode;
    const registered = this.#registered.get(index);
    if (registered !== undefined) registered.model.mode = mode;
  }

  async #compare(step: Step): Promise<void> {
    for (const [index, { model }] of this.#registered) await this.#compareTold(index, model, step);
    const model = this.#model;
    const isPopulated = (at: number) => model.isPopulated(at);
    const sections = (await service.api.ok('GET', `${this.#path}/sections?state=populated`)).items;
    const expected = model.runs(0, LENGTH, isPopulated).map(([s, e]) => ({ offset: s * PAGE, size: (e - s) * PAGE }));
    expect(sections).toEqual(expected);
    expect((await service.api.ok('GET', this.#path)).generation).toBe(model.generation);
    for (const [index, registered] of this.#registered) {
      const runs = model.populatedRuns(registered.model);
      const pages = runs.flatMap(([s, e]) => Array.from({ length: e - s }, (_, at) => (s + at) * PAGE));
      expect([...(devices[index]?.mapped ?? [])].sort((a, b) => a - b)).toEqual(pages);
      const { mapped } = await service.api.ok('GET', `${this.#path}/listeners/${registered.id}`);
      expect(mapped).toEqual({ bytes: pages.length * PAGE, runs: runs.length, mappings: pages.length });
    }
  }

  /** Recoveries come after the answer: waits for as many callbacks as the model has, then compares them all. */
  async #compareTold(index: number, model: ModelListener, step: Step): Promise<void> {
    const real = devices[index];
    if (real === undefined) return;
    await until(`${model.key} is told ${model.told.length} times after ${JSON.stringify(step)}`, async () => {
      const { items } = await service.api.ok('GET', `${this.#path}/listeners`);
      const settled = items.every(({ state }: { state: string }) => state === 'active');
      return settled && real.received.length >= model.told.length;
    });
    expect(real.takeTold(), `${model.key} after ${JSON.stringify(step)}`).toEqual(model.told);
    model.told = [];
  }

  async #learnSources(): Promise<void> {
    const { items } = await service.api.ok('GET', `${this.#path}/sources`);
    for (const { id, name } of items) this.#sourceIds.set(name, id);
  }
}

it('does what the naive model of the design does, callback by callback', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 5, maxLength: 30 }), async (bare, steps) => {
      const history = await History.begin(!bare);
      for (const each of steps) await history.run(each);
    }),
    { numRuns: byDepth(80, 400) },
  );
}, 600_000);
