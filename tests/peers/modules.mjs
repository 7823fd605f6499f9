// Finds the node modules that tests/setup installed: they live in the peers' own folder, not beside these files.

import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const target = process.env.CARGO_TARGET_DIR ? resolve(project, process.env.CARGO_TARGET_DIR) : join(project, 'target');

/** Where build results go. */
export const targetFolder = target;

/** Where tests/setup installed everything. */
export const peersFolder = process.env.DOORWARD_TEST_HOME ?? join(target, 'peers');

/** `require` as seen from the installed modules. */
export const requireInstalled = createRequire(join(peersFolder, 'package.json'));
