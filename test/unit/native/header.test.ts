import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { headers } from '../../../scripts/native-header.ts';

for (const { file, render } of headers) {
  test(`${path.basename(file)} says what the schema says; "npm run generate" writes it`, () => {
    assert.equal(readFileSync(file, 'utf8'), render());
  });
}
