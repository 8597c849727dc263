// Connections to webhook targets: made only to addresses that the policy has no objection to, also when a name resolves
// to another one than before.
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import type { TargetPolicy } from './target-policy.ts';

/** @param caFile PEM roots to trust beside the usual ones (RBA_CA_FILE) @throws Error when it cannot be read */
export function createAgent(policy: TargetPolicy, caFile: string | null): Agent {
  const ca = caFile === null ? null : [...getCACertificates('default'), readFileSync(caFile, 'utf8')];
  const connectors = new Map<string, buildConnector.connector>();
  const connectorFor = (protocol: string): buildConnector.connector => {
    let connector = connectors.get(protocol);
    if (connector === undefined) {
      connector = buildConnector({
        lookup: policy.lookupFor(protocol),
        allowH2: false,
        ...(ca === null ? {} : { ca }),
      });
      connectors.set(protocol, connector);
    }
    return connector;
  };
  return new Agent({
    // Time is limited per delivery, as a whole, by its signal.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, callback) => {
      connectorFor(options.protocol)(options, (...result) => {
        const [error, socket] = result;
        if (error !== null) {
          callback(error, null);
          return;
        }
        const objection = policy.objection(options.protocol, socket.remoteAddress ?? '');
        if (objection === null) {
          callback(null, socket);
          return;
        }
        socket.destroy();
        callback(new Error(objection), null);
      });
    },
  });
}
