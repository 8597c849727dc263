// npm run demo: the service, strict simulated devices, and real kinds of traces; what happened, as a table.
import { complaintsAbout, story, table } from './demo/report.ts';
import { type Result, runScenario } from './demo/scenario.ts';
import { SCENARIOS } from './demo/scenarios.ts';
import { startServiceProcess } from './demo/service-process.ts';

async function main(): Promise<number> {
  say('A confidential VM shares pages with a device, and takes them back. Starting the service ...');
  const service = await startServiceProcess();
  const results: Result[] = [];
  try {
    say(`It listens on ${service.url.href}, its API is at ${service.url.href}docs`);
    for (const [index, scenario] of SCENARIOS.entries()) {
      say(`  ${scenario.title} ...`);
      results.push(await runScenario(service.url, scenario, `demo-${index}`));
    }
  } finally {
    await service.close();
  }
  say(`\n${table(results)}\n`);
  for (const result of results) say(story(result));
  const complaints = results.flatMap((result) => {
    return complaintsAbout(result).map((text) => `${result.scenario.title}: ${text}`);
  });
  for (const complaint of complaints) process.stderr.write(`WRONG: ${complaint}\n`);
  if (complaints.length > 0) return 1;
  say('\nEvery device ended with exactly the populated pages mapped, and saw nothing a kernel would not forgive.');
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
