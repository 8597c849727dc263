// Where the page is, as the part of the address behind the #: it can be kept, sent and gone back to.

export interface Route {
  readonly view: 'memory' | 'plans' | 'calls';
  readonly machine: string | null;
  readonly ramBlockId: string | null;
}

export function routeFrom(hash: string): Route {
  const [view = '', machine = '', ramBlockId = ''] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  return {
    view: view === 'plans' || view === 'calls' ? view : 'memory',
    machine: machine === '' ? null : machine,
    ramBlockId: ramBlockId === '' ? null : ramBlockId,
  };
}

export function routeText({ view, machine, ramBlockId }: Route): string {
  const parts = view === 'memory' ? [view, machine, ramBlockId] : [view];
  return `#/${parts
    .filter((part) => part !== null)
    .map(encodeURIComponent)
    .join('/')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
