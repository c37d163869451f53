import { parseArgs } from 'node:util';
import { type Effort, QUICK, type Row, THOROUGH } from './harness.js';

export interface Options {
  readonly effort: Effort;
  /** One JSON object a line on standard output, and nothing else. */
  readonly json: boolean;
  readonly quick: boolean;
}

/** `--quick`: ends within 45 seconds. `--json`: for programs. Anything else is refused. */
export function options(args: readonly string[] = process.argv.slice(2)): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  return { ...values, effort: values.quick ? QUICK : THOROUGH };
}

/** For people; goes to standard error, which `--json` leaves to them. */
export function note(text: string): void {
  console.error(text);
}

export function report(rows: readonly Row[], { json }: Pick<Options, 'json'>): void {
  if (json) for (const row of rows) console.log(JSON.stringify(row));
  else console.log(table(rows));
}

function table(rows: readonly Row[]): string {
  const head = ['case', 'ours', 'other', '', 'ratio'];
  const cells = rows.map((row) => [
    row.case,
    `${row.ours} ${row.unit}`,
    `${row.other} ${row.unit}`,
    row.otherName,
    `${row.ratio} ×`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (parts: readonly string[]) =>
    parts
      .map((part, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === 3 ? part.padEnd(width) : part.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [line(head), ...cells.map(line), '', 'ratio above 1: ours is better'].join('\n');
}
