// kill -9 at any moment under load: one round, or ten in the long form, of what `npm run test:crash` does a hundred of.
import { expect, it } from 'vitest';
import { runCampaign } from '../crash/campaign.ts';
import { figuresText } from '../crash/figures.ts';
import { byDepth } from '../support/depth.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? byDepth(1, 10));
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 32));

it(
  `loses nothing that was answered, halves nothing, repeats nothing, and leaves every device right (CRASH_SEED=${SEED})`,
  async () => {
    const figures = await runCampaign({ rounds: ROUNDS, seed: SEED });
    expect(figures, figuresText(figures)).toMatchObject({ rounds: ROUNDS });
    expect(figures.answered, figuresText(figures)).toBeGreaterThan(0);
    expect(figures.requests).toBe(figures.answered + figures.unanswered);
  },
  60_000 + ROUNDS * 30_000,
);
