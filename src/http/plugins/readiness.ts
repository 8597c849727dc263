// Refuses what is about blocks while they are read back from the journal.
import fp from 'fastify-plugin';
import type { Machines } from '../../service/machines.ts';
import { addRule, isOpen } from './rules.ts';

export const readiness = fp<{ readonly machines: Machines }>(
  async (app, { machines }) => {
    addRule(app, (request) => {
      const { starting } = machines;
      return starting === null || isOpen(request) ? null : starting;
    });
  },
  { name: 'readiness', dependencies: ['unknown-paths'] },
);
