// The forms of the dialogs: create a RAM block, register a listener, unregister one.
import { html, nothing } from 'lit-html';
import type { Listener, RamBlock } from '../model/resources.ts';
import type { Form, Values } from './form-dialog.ts';

/** Without the fields that were left empty: the service knows its own defaults. */
function filled(fields: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== '' && value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

const text = (values: Values, name: string): string => String(values[name] ?? '').trim();

/** A number where it is one; else as it is, for the service to say what is wrong with it. */
function numeric(value: string): string | number {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

export function createBlockForm(machine: string | null): Form {
  return {
    title: 'New RAM block',
    about: 'It is all private at first. Sizes and addresses are written as 16G, 2M, 0x100000000 or in bytes.',
    button: 'Create',
    fields: [
      { name: 'idstr', label: 'Name (idstr)', value: 'pc.ram', required: true },
      { name: 'usedLength', label: 'Used length', value: '16G', required: true },
      { name: 'machine', label: 'Machine', value: machine ?? 'default', required: true },
      { name: 'gpa', label: 'Guest physical address', value: '0', hint: 'Empty: none.' },
      { name: 'pageSize', label: 'Page size', hint: 'Empty: 4K.' },
      { name: 'maxLength', label: 'Max length', hint: 'Given, the block can be resized up to it.' },
      { name: 'guestMemfd', label: 'With RamBlockAttributes (guest_memfd)', kind: 'check', value: true },
    ],
    call: (values) => ({
      method: 'POST',
      path: '/v1/ram-blocks',
      body: filled({
        idstr: text(values, 'idstr'),
        usedLength: text(values, 'usedLength'),
        machine: text(values, 'machine'),
        gpa: text(values, 'gpa'),
        pageSize: text(values, 'pageSize'),
        maxLength: text(values, 'maxLength'),
        guestMemfd: values.guestMemfd === true ? undefined : false,
      }),
    }),
  };
}

export function registerListenerForm(block: RamBlock): Form {
  return {
    title: `Register a listener of ${block.idstr}`,
    about: 'All that is populated in its section is sent to it first.',
    button: 'Register',
    fields: [
      { name: 'url', label: 'URL', value: 'http://127.0.0.1:9000/', required: true },
      { name: 'mode', label: 'Mode', kind: 'choice', options: ['sync', 'async'], value: 'sync' },
      { name: 'description', label: 'Description' },
      { name: 'offset', label: 'Section: offset', hint: 'Empty: from the start of the block.' },
      { name: 'size', label: 'Section: size', hint: 'Empty: to the end, wherever that moves.' },
      { name: 'granularity', label: 'Granularity', hint: 'Empty: the page size of the block.' },
      { name: 'dmaMaxMappings', label: 'DMA mappings at most', hint: 'VFIO type1: 65535. Empty: no limit. Sync only.' },
      { name: 'timeoutMs', label: 'Deadline of a delivery (ms)', hint: 'Empty: 5000.' },
      { name: 'secret', label: 'Secret', hint: 'whsec_ and base64. Empty: one is made, and shown once.' },
      { name: 'coordinatedDiscard', label: 'It can live with discards', kind: 'check', value: true },
    ],
    call: (values) => ({
      method: 'POST',
      path: `/v1/ram-blocks/${block.id}/listeners`,
      body: filled({
        url: text(values, 'url'),
        mode: values.mode === 'async' ? 'async' : undefined,
        description: text(values, 'description'),
        section: filled({ offset: text(values, 'offset'), size: text(values, 'size') }),
        granularity: text(values, 'granularity'),
        dmaMaxMappings: numeric(text(values, 'dmaMaxMappings')),
        timeoutMs: numeric(text(values, 'timeoutMs')),
        secret: text(values, 'secret'),
        coordinatedDiscard: values.coordinatedDiscard === true ? undefined : false,
      }),
    }),
    result: (body) => {
      // One that was given is not answered.
      const { id, secret } = body as { readonly id: string; readonly secret?: string };
      const made =
        secret === undefined
          ? nothing
          : html` Its secret, which is not shown again: <code class="secret">${secret}</code>`;
      return html`<p role="status">Registered as <code>${id}</code>.${made}</p>`;
    },
  };
}

export function unregisterForm({ id, ramBlockId, url }: Listener, label: string): Form {
  return {
    title: `Unregister ${label}`,
    about: `${url} is sent a discard of its section, and must acknowledge it.`,
    button: 'Unregister',
    isDangerous: true,
    fields: [
      {
        name: 'force',
        label: 'The device is gone: do not wait for it',
        kind: 'check',
        hint: 'Nobody checks then that nothing of it is mapped any more.',
      },
    ],
    call: (values) => ({
      method: 'DELETE',
      path: `/v1/ram-blocks/${ramBlockId}/listeners/${id}${values.force === true ? '?force=true' : ''}`,
    }),
  };
}
