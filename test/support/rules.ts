// The rules of the service over all machines, as its routes call them: for tests that need no routes.
import { Conversions } from '../../src/service/conversions.ts';
import { ListenerControl } from '../../src/service/listener-control.ts';
import { Listeners } from '../../src/service/listeners.ts';
import { MachineConversions } from '../../src/service/machine-conversions.ts';
import type { Machines } from '../../src/service/machines.ts';
import { RamBlocks } from '../../src/service/ram-blocks.ts';
import { Sources } from '../../src/service/sources.ts';

export interface Rules {
  readonly conversions: Conversions;
  readonly machineConversions: MachineConversions;
  readonly listeners: Listeners;
  readonly listenerControl: ListenerControl;
  readonly sources: Sources;
  readonly ramBlocks: RamBlocks;
}

/** Puts the rules over `machines`, as the app does. */
export function rulesOf(machines: Machines): Rules {
  return {
    conversions: new Conversions(machines),
    machineConversions: new MachineConversions(machines),
    listeners: new Listeners(machines),
    listenerControl: new ListenerControl(machines),
    sources: new Sources(machines),
    ramBlocks: new RamBlocks(machines),
  };
}
