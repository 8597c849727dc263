// /v1/machines: the machines that have blocks.
import type { Machines } from '../../service/machines.ts';
import { machineView, ramBlockView } from '../../service/views.ts';
import { pageOf } from '../pages.ts';
import { answer, input, MachineParams, PageQuery, problems } from '../schemas/common.ts';
import { Machine, MachineList } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

export function machineRoutes(app: TypedApp, machines: Machines): void {
  const tags = ['Machines'];

  app.get(
    '/v1/machines',
    {
      schema: {
        operationId: 'listMachines',
        tags,
        summary: 'List the machines that have blocks, by name',
        querystring: input(PageQuery),
        response: { 200: answer(MachineList, 'A page of machines.'), ...problems('cursor-invalid') },
      },
    },
    async ({ query }) => {
      const view = (name: string) => machineView(name, machines.blocksOf(name));
      return pageOf('machines', machines.names, query, (name) => name, view);
    },
  );

  app.get(
    '/v1/machines/:machine',
    {
      schema: {
        operationId: 'getMachine',
        tags,
        summary: 'Get a machine: its blocks and their totals',
        params: MachineParams,
        response: { 200: answer(Machine, 'The machine.'), ...problems('not-found') },
      },
    },
    async ({ params: { machine } }) => {
      machines.existing(machine);
      const blocks = machines.blocksOf(machine);
      return { ...machineView(machine, blocks), ramBlocks: blocks.map(ramBlockView) };
    },
  );
}
