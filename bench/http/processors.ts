import { execFileSync } from 'node:child_process';

/**
 * Keeps this process, which makes the load, on one processor, and gives the command that runs the servers on another: so
 * that neither takes turns with the other. Nothing where the system knows no such thing or has but one processor.
 */
export function separateProcessors(): readonly string[] {
  try {
    const taskset = (...args: string[]) => execFileSync('taskset', args, { encoding: 'utf8', stdio: 'pipe' });
    const allowed = taskset('-cp', String(process.pid)).split(':').at(-1)?.trim() ?? '';
    const [servers, load] = numbersOf(allowed);
    if (servers === undefined || load === undefined) return [];
    taskset('-acp', String(load), String(process.pid));
    return ['taskset', '-c', String(servers)];
  } catch {
    return [];
  }
}

/** `0,2-4` */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
