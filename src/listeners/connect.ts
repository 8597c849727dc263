// Connections to webhook targets: made only to addresses that the policy has no objection to, also when a name resolves
// to another one than before.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { OriginPools } from './origin-pools.ts';
import type { TargetPolicy } from './target-policy.ts';

/** Milliseconds that a connection may take; one that nobody waits for any longer stays as long as that. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds that the connections to an origin are kept when nothing is sent there. */
const IDLE = 30_000;

export interface ConnectOptions {
  readonly connectTimeoutMs?: number;
  readonly idleMs?: number;
}

/**
 * @param caFile PEM roots to trust beside the usual ones (RBA_CA_FILE)
 * @throws Error when it cannot be read or holds no certificate
 */
export function createAgent(
  policy: TargetPolicy,
  caFile: string | null,
  { connectTimeoutMs = CONNECT_TIMEOUT, idleMs = IDLE }: ConnectOptions = {},
): OriginPools {
  const secureContext = caFile === null ? null : trusting(caFile);
  const connectors = new Map<string, buildConnector.connector>();
  const connectorFor = (protocol: string): buildConnector.connector => {
    let connector = connectors.get(protocol);
    if (connector === undefined) {
      connector = buildConnector({
        lookup: policy.lookupFor(protocol),
        allowH2: false,
        timeout: connectTimeoutMs,
        ...(secureContext === null ? {} : { secureContext }),
      });
      connectors.set(protocol, connector);
    }
    return connector;
  };
  const connect: buildConnector.connector = (options, callback) => {
    connectorFor(options.protocol)(options, (...result) => {
      const [error, socket] = result;
      if (error !== null) {
        callback(error, null);
        return;
      }
      const objection = policy.objection(options.protocol, socket.remoteAddress ?? '', options.hostname);
      if (objection === null) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(new Error(objection), null);
    });
  };
  // Time is limited per delivery, as a whole, by its signal. Without allowH2 false, undici sends one request to an https
  // origin and keeps all others back until it knows the protocol.
  return new OriginPools({ headersTimeout: 0, bodyTimeout: 0, allowH2: false, connect }, idleMs);
}

/** Made once: to read all roots again for every connection takes the event loop 10 ms each. */
function trusting(caFile: string): SecureContext {
  const own = readFileSync(caFile, 'utf8').match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [];
  if (own.length === 0) throw new Error(`${caFile} (RBA_CA_FILE) holds no PEM certificate`);
  for (const pem of own) {
    try {
      // OpenSSL skips what it cannot read, and every delivery would fail for a reason that nobody sees.
      new X509Certificate(pem);
    } catch (error) {
      throw new Error(`${caFile} (RBA_CA_FILE) holds a certificate that cannot be read`, { cause: error });
    }
  }
  return createSecureContext({ ca: [...getCACertificates('default'), ...own] });
}
