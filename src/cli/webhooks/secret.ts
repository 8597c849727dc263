// The secret of a webhook as a command gets it: on the command line, or in a file, which does not show in the process list.
// What is wrong with a secret is said without showing it.
import { readFile } from 'node:fs/promises';
import { decodeSecret } from '../../client/webhook-signature.ts';
import { CommandError, unreadableText } from '../command-error.ts';
import { UsageError } from '../usage-error.ts';

/** Where a secret is. */
export type SecretSource =
  | { readonly kind: 'given'; readonly secret: string }
  | { readonly kind: 'file'; readonly path: string };

/** @throws UsageError unless it is said in exactly one way, and where a given secret is none */
export function parseSecretSource(secret: string | undefined, path: string | undefined): SecretSource {
  if (secret !== undefined && path !== undefined) throw new UsageError('--secret and --secret-file: one is enough');
  if (secret !== undefined) return { kind: 'given', secret: checkSecret('--secret', secret) };
  if (path !== undefined) return { kind: 'file', path };
  throw new UsageError('the secret is missing: --secret-file FILE, or --secret SECRET');
}

/**
 * The secret itself, `whsec_` and base64; white space around it in a file is no part of it.
 * @throws CommandError when the file cannot be read; UsageError when it holds no secret
 */
export async function loadSecret(source: SecretSource): Promise<string> {
  if (source.kind === 'given') return source.secret;
  const text = await readFile(source.path, 'utf8').catch((error: unknown) => {
    throw new CommandError(unreadableText(source.path, error), { cause: error });
  });
  return checkSecret(`--secret-file ${source.path}`, text.trim());
}

function checkSecret(option: string, secret: string): string {
  try {
    decodeSecret(secret);
    return secret;
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
