// npm run test:fuzz: the long run. FUZZ_REQUESTS (a million) says how long, FUZZ_SEED makes the same requests again.
import { randomInt } from 'node:crypto';
import { figuresText } from './figures-text.ts';
import { fuzz } from './fuzzer.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 1_000_000);
const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 32));
if (!Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  process.stderr.write('FUZZ_REQUESTS and FUZZ_SEED are whole numbers, FUZZ_REQUESTS from 1 on\n');
  process.exit(2);
}

process.stdout.write(`${requests} requests, FUZZ_SEED=${seed}\n`);
const start = performance.now();
const figures = await fuzz({
  requests,
  seed,
  onProgress: ({ sent }) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${sent}/${requests} `);
  },
});
process.stdout.write(`\n${figuresText(figures, (performance.now() - start) / 1000)}\n`);
