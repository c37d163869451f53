import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { SqliteDatabase } from '../../../src/server/stores/sqlite.js';
import { root } from '../../support/repository.js';

/** A handle of the driver that `SQLITE_DRIVER` names: `libsql`, the default, or `node:sqlite`. */
export interface Handle extends SqliteDatabase {
  close(): unknown;
}

interface Driver {
  readonly open: new (file: string) => Handle;
}

export const driverName = process.env.SQLITE_DRIVER ?? 'libsql';

const load = createRequire(join(root, 'package.json'));

const driver: Driver =
  driverName === 'node:sqlite' ? { open: load(driverName).DatabaseSync } : { open: load(driverName) };

export function openDatabase(file: string): Handle {
  return new driver.open(file);
}
