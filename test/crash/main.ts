// npm run test:crash: the long run. Rounds from the argument or CRASH_ROUNDS (100); CRASH_SEED repeats what chance did.
import { randomInt } from 'node:crypto';
import { runCampaign } from './campaign.ts';
import { figuresText } from './figures.ts';

/** In so many rounds each kind of crash happens. */
const ENOUGH_ROUNDS = 20;

const rounds = Number(process.argv[2] ?? process.env.CRASH_ROUNDS ?? 100);
const seed = Number(process.env.CRASH_SEED ?? randomInt(2 ** 32));
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('usage: npm run test:crash [-- ROUNDS]; ROUNDS is a whole number from 1 on\n');
  process.exit(2);
}

process.stdout.write(`${rounds} rounds, CRASH_SEED=${seed}\n`);
const figures = await runCampaign({
  rounds,
  seed,
  onRound: ({ rounds: done, answered, kills }) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${done}/${rounds} rounds, ${kills} kills, ${answered} answers `);
    else if (done % 10 === 0) process.stdout.write(`${done}/${rounds} rounds, ${kills} kills, ${answered} answers\n`);
  },
});
process.stdout.write(`\n${figuresText(figures)}\n`);
const { killsDuringStart, killsDuringSnapshot, recoveredIntents } = figures;
if (rounds >= ENOUGH_ROUNDS && Math.min(killsDuringStart, killsDuringSnapshot, recoveredIntents) === 0) {
  process.stderr.write(
    'no kill fell into a start, the saving of a snapshot or a change under way: nothing is shown of it\n',
  );
  process.exit(1);
}
