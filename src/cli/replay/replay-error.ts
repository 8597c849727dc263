// What ends a replay: the trace cannot be read, the service cannot be reached or does not take what it was asked.
import { CommandError } from '../command-error.ts';

export class ReplayError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReplayError';
  }
}
