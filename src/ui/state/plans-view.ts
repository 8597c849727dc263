// A trace that is planned: which file, with which options, and what came of it.
import type { ServiceApi } from '../client/service-api.ts';
import type { Call, NamedFile, Outcome } from '../model/calls.ts';
import type { Plan } from '../model/plan.ts';

export interface PlanOptions {
  /** GPA:SIZE[:IDSTR], several with blanks between them; empty: guessed. */
  map: string;
  /** The idstr of the block that lines without one are of; empty: left to the service. */
  block: string;
  /** DMA mappings that there may be; empty: 65535. */
  limit: string;
  /** Steps of each series over time, at most; empty: 200. */
  points: string;
}

export class PlansView {
  readonly #api: ServiceApi;
  readonly options: PlanOptions = { map: '', block: '', limit: '', points: '' };
  file: NamedFile | null = null;
  isBusy = false;
  /** The last that was asked for; of another file it is none any more. */
  outcome: Outcome<Plan> | null = null;

  constructor(api: ServiceApi) {
    this.#api = api;
  }

  /** The call that plans the file, as the options say. */
  get call(): Call {
    const query = new URLSearchParams();
    for (const one of this.options.map.split(/\s+/).filter((text) => text !== '')) query.append('map', one);
    for (const name of ['block', 'limit', 'points'] as const) {
      const value = this.options[name].trim();
      if (value !== '') query.append(name, value);
    }
    const text = query.toString();
    const file = this.file ?? { name: 'FILE', blob: new Blob() };
    return { method: 'POST', path: `/v1/plans${text === '' ? '' : `?${text}`}`, file };
  }

  choose(file: NamedFile): void {
    this.file = file;
    this.outcome = null;
  }

  /** Asks for the plan of the file. */
  async run(): Promise<void> {
    const { file, call } = this;
    if (file === null || this.isBusy) return;
    this.isBusy = true;
    const outcome = await this.#api.call<Plan>(call);
    this.isBusy = false;
    if (this.file === file) this.outcome = outcome;
  }
}
