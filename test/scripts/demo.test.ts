// The demo, but for the two long traces: what it shows is so, and it complains when it is not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { complaintsAbout, story, table } from '../../scripts/demo/report.ts';
import { runScenario } from '../../scripts/demo/scenario.ts';
import { SCENARIOS, type Scenario } from '../../scripts/demo/scenarios.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeEach(async () => {
  service = await startService();
});

afterEach(() => service.close());

function scenario(title: string): Scenario {
  const found = SCENARIOS.find((one) => one.title === title);
  if (found === undefined) throw new Error(`the demo has no scenario ${title}`);
  return found;
}

const run = (title: string, changes: Partial<Scenario> = {}) =>
  runScenario(new URL(service.url), { ...scenario(title), ...changes }, 'demo');

/** The cells of a row with this label, of a table with one column. */
const cell = (text: string, label: string): string | undefined =>
  text
    .split('\n')
    .find((line) => line.startsWith(label))
    ?.slice(label.length)
    .trim();

describe('the demo', () => {
  it('undoes in one block what the device of the other refuses, after a dry run that changes nothing', async () => {
    const result = await run('NUMA, 2 blocks');
    expect(complaintsAbout(result)).toEqual([]);
    const text = table([result]);
    expect(cell(text, '  that crossed blocks')).toBe('21');
    expect(cell(text, '  that a device refused')).toBe('2');
    expect(cell(text, 'mapped = populated')).toBe('yes');
    expect(story(result)).toMatch(/At line 29 the device of ram-node1 refuses, and the one of ram-node0 unmaps/);
    expect((await service.api.ok('GET', '/v1/ram-blocks')).items).toEqual([]);
  });

  it('comes to the same as a batch as line by line, and with a mirror', async () => {
    const alone = await run("KVM's selftest");
    const maps = [{ gpa: 4 * 2 ** 30, size: 2 ** 31, offset: 0, idstr: 'pc.ram' }];
    const together = await run("KVM's selftest", { how: 'batch', maps, mirror: true, preview: true });
    expect([...complaintsAbout(alone), ...complaintsAbout(together)]).toEqual([]);
    const { seconds: _alone, ...expected } = alone.outcome;
    const { seconds: _together, ...outcome } = together.outcome;
    expect(outcome).toEqual(expected);
    expect(together.mirrorEqual).toBe(true);
    expect(cell(table([together]), '  the async mirror, too')).toBe('yes');
  });

  it('complains of what is not as it must be', async () => {
    const result = await run("KVM's selftest");
    const wrong = { ...result, equal: false, previewKept: false, scenario: { ...result.scenario, refuses: true } };
    expect(complaintsAbout(wrong)).toEqual([
      'the mappings of a device are not the populated pages',
      '0 conversions were refused',
      'the dry run changed something',
    ]);
  });
});
