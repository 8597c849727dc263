// The page's own types of resources hold what the API's description says: checked by the compiler, file by file.
import { expectTypeOf, it } from 'vitest';
import type { components } from '../../src/client/openapi.ts';
import type { Plan } from '../../src/ui/model/plan.ts';
import type * as page from '../../src/ui/model/resources.ts';

type Described = components['schemas'];

it.each([
  ['RamBlock', () => expectTypeOf<Described['RamBlock']>().toExtend<page.RamBlock>()],
  ['Machine', () => expectTypeOf<Described['Machine']>().toExtend<page.Machine>()],
  ['MachineSummary', () => expectTypeOf<Described['MachineSummary']>().toExtend<page.MachineSummary>()],
  ['Source', () => expectTypeOf<Described['Source']>().toExtend<page.Source>()],
  ['Listener', () => expectTypeOf<Described['Listener']>().toExtend<page.Listener>()],
  ['Delivery', () => expectTypeOf<Described['Delivery']>().toExtend<page.Delivery>()],
  ['RangeState', () => expectTypeOf<Described['RangeState']>().toExtend<page.RangeState>()],
  ['Density', () => expectTypeOf<Described['Density']>().toExtend<page.Density>()],
  ['Conversion', () => expectTypeOf<Described['Conversion']>().toExtend<page.Conversion>()],
  ['MachineConversion', () => expectTypeOf<Described['MachineConversion']>().toExtend<page.MachineConversion>()],
  ['Problem', () => expectTypeOf<Described['Problem']>().toExtend<page.ProblemDocument>()],
  ['Plan', () => expectTypeOf<Described['Plan']>().toExtend<Plan>()],
  ['ListenerList', () => expectTypeOf<Described['ListenerList']>().toExtend<page.Page<page.Listener>>()],
])('%s', (_name, check) => {
  check();
});
