// Every step that can come next in a world; the first is one where all goes well.
import type { Copy } from './device.ts';
import type { Faults, World } from './world.ts';

export interface Choice {
  readonly label: string;
  /** What goes wrong in it. */
  readonly fault?: keyof Faults;
  /** Something that only comes late: nobody waits for it. */
  readonly isLate?: boolean;
  readonly take: () => void;
}

const UNANSWERED = { outcome: 'unanswered', status: null, detail: 'no answer' } as const;
const REFUSED = { outcome: 'refused', status: 409, detail: 'no' } as const;

export function choicesIn(world: World): Choice[] {
  const all = [
    ...answers(world),
    ...appends(world),
    ...requests(world),
    ...timers(world),
    ...lateCopies(world),
    ...crashes(world),
  ];
  return all.filter(({ fault }) => fault === undefined || world.faults[fault] > 0);
}

export function takeChoice(world: World, { fault, take }: Choice): void {
  if (fault !== undefined) world.faults[fault]--;
  try {
    take();
  } catch (error) {
    // What was written cannot be.
    world.violations.push(String(error));
  }
}

/** What a step is called; sequences grow from path to path, so that what is caused by it does without them. */
function nameOf({ type, reason, pages, listenerId }: Copy): string {
  return `${type} (${reason}) of pages ${pages} at ${listenerId}`;
}

/** What did get an answer may have been done; what got none may be done at any time later, at once included. */
function answers(world: World): Choice[] {
  return world.process.inFlight.flatMap((delivery): Choice[] => {
    const { copy } = delivery;
    const name = nameOf(copy);
    const device = world.device(copy.listenerId);
    const accept = (): void => {
      world.because(`${name} is accepted`);
      if (device.isFenced(copy)) world.violations.push(`${name} is fenced, and is not late`);
      world.tell(copy);
      device.noteAnswer(copy, 'accepted');
      world.answer(delivery, { outcome: 'accepted' });
    };
    // It can have mapped nothing, or all that it was told and then failed at something else.
    const refuse = (isDone: boolean): void => {
      world.because(`${name} is refused`);
      if (isDone) world.tell(copy);
      device.noteAnswer(copy, 'refused');
      world.answer(delivery, REFUSED);
    };
    const lose = (): void => {
      world.because(`${name} gets no answer`);
      world.late.push(copy);
      world.answer(delivery, UNANSWERED);
    };
    const label = `${copy.sequence}: ${name}`;
    const earlier = device.earlierAnswer(copy);
    if (earlier !== undefined) {
      const repeat = (): void => world.answer(delivery, earlier === 'accepted' ? { outcome: 'accepted' } : REFUSED);
      return [{ label: `${label} is ${earlier} as before`, take: repeat }];
    }
    const refused = [true, false].map((isDone): Choice => {
      const how = isDone ? 'was done' : 'was not done';
      return { label: `${label} is refused, and ${how}`, fault: 'deliveries', take: () => refuse(isDone) };
    });
    return [
      { label: `${label} is accepted`, take: accept },
      ...(copy.type === 'populate' ? refused : []),
      { label: `${label} gets no answer`, fault: 'deliveries', take: lose },
    ];
  });
}

function appends(world: World): Choice[] {
  const { journal } = world.process;
  const { pending } = journal;
  const [first] = pending;
  if (first === undefined) return [];
  const complete = (): void => {
    world.because(`durable: ${first.content}`);
    world.completeAppend();
  };
  const failures = Array.from({ length: pending.length + 1 }, (_, written): Choice => {
    const label = `the journal fails, with ${written} of ${pending.length} appends written`;
    const fail = (): void => {
      world.because('the journal fails');
      journal.fail(written);
    };
    return { label, fault: 'journal', take: fail };
  });
  return [{ label: `durable: ${first.label}`, take: complete }, ...failures];
}

function requests(world: World): Choice[] {
  const next = world.courses.find(({ fate }) => fate === 'to come');
  return world.courses.flatMap((course): Choice[] => {
    const { command, fate, client } = course;
    if (fate === 'to come' && world.process.rules !== null) {
      if (world.inOrder && course !== next) return [];
      const ask = (): void => {
        world.because(`asked: ${command.name}`);
        world.ask(course);
      };
      return [{ label: `asked: ${command.name}`, take: ask }];
    }
    if (fate !== 'running' || client.signal.aborted) return [];
    const label = `the client of ${command.name} leaves`;
    const leave = (): void => {
      world.because(label);
      client.abort();
    };
    return [{ label, fault: 'departures', take: leave }];
  });
}

function timers(world: World): Choice[] {
  return world.waits.map(({ kind, cause, fire }): Choice => {
    const label = `the ${kind} since "${cause}" is over`;
    const over = (): void => {
      world.because(label);
      fire();
    };
    return kind === 'pause' ? { label, take: over } : { label, fault: 'departures', take: over };
  });
}

/** Copies that their device would still act on; for good it does nothing for the others. */
function lateCopies(world: World): Choice[] {
  const { late } = world;
  const acting = late.filter((copy) => !world.device(copy.listenerId).ignores(copy));
  return acting.map((copy) => {
    const act = (): void => {
      late.splice(late.indexOf(copy), 1);
      world.tell(copy);
      world.device(copy.listenerId).noteAnswer(copy, 'accepted');
    };
    return { label: `late: ${copy.sequence}: ${nameOf(copy)}`, isLate: true, take: act };
  });
}

function crashes(world: World): Choice[] {
  const { journal } = world.process;
  const count = journal.pending.length;
  return Array.from({ length: count + 1 }, (_, written): Choice => {
    const crash = (): void => {
      journal.write(written);
      world.restart();
    };
    return { label: `a crash, with ${written} of ${count} appends written`, fault: 'crashes', take: crash };
  });
}
