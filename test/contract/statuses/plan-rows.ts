// The rows of the table of statuses for plans: their body is a trace, and they need neither a block nor the journal.
import { connect, type Socket } from 'node:net';
import { PLANS_AT_ONCE } from '../../../src/service/plans.ts';
import { head } from '../../http/raw-socket.ts';
import { until } from '../../support/service.ts';
import { fine, problem, type Row } from './rows.ts';

const PLAN = ['planTrace'];

export const PLAN_ROWS: readonly Row[] = [
  ...fine(200, PLAN),
  ...problem('payload-too-large', PLAN, (world, id) => {
    // More memory than the conversions of a plan may cover.
    const line = 'kvm_convert_memory start 0x0 size 0x400000000000 private_to_shared\n';
    return world.send(id, { body: Buffer.from(line.repeat(33)) });
  }),
  ...problem('unsupported-media-type', PLAN, (world, id) => {
    return world.send(id, { body: '{}', headers: { 'content-type': 'application/json' } });
  }),
  ...problem('invalid-range', PLAN, (world, id) => world.send(id, { path: '/v1/plans?map=0:0' })),
  ...problem('overloaded', PLAN, async (world, id) => {
    const unfinished = Array.from({ length: PLANS_AT_ONCE }, () => openPlan(world.api.url));
    let answer = await world.send(id);
    await until('all places are taken', async () => {
      if (answer.status === 200) answer = await world.send(id);
      return answer.status !== 200;
    });
    for (const socket of unfinished) socket.destroy();
    await until('there is a place again', async () => (await world.send(id)).status === 200);
    return answer;
  }),
];

/** A plan whose trace does not end. */
function openPlan(url: string): Socket {
  const headers = { 'content-type': 'text/plain', 'content-length': '100' };
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(head('POST /v1/plans HTTP/1.1', headers));
  return socket;
}
