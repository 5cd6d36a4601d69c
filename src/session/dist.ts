// Where the built product is: all of src is bundled into files of this one folder.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** dist/ */
export const distFolder = path.dirname(fileURLToPath(import.meta.url));
