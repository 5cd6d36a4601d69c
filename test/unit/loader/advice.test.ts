import assert from 'node:assert/strict';
import { test } from 'node:test';
import { developmentProgram } from '../../../loader/advice.ts';

const is = (script: string, args: string[] = [], execArgv: string[] = []) => developmentProgram(script, args, execArgv);

test('development servers and test runners are known by their program and its command', () => {
  assert.equal(is('/p/node_modules/.bin/next', ['dev']), 'next');
  assert.equal(is('/p/node_modules/next/dist/bin/next'), 'next');
  assert.equal(is('/p/node_modules/.bin/vite', ['--port', '3000', 'x']), undefined);
  assert.equal(is('/p/node_modules/vite/bin/vite.js', ['--host']), 'vite');
  assert.equal(is('/p/node_modules/@nestjs/cli/bin/nest.js', ['start', '--watch']), 'nest');
  assert.equal(is('/p/node_modules/jest/bin/jest.js', ['--ci']), 'jest');
  assert.equal(is('/p/app.js', [], ['--watch']), 'node --watch or --test');
});

test('what is built or runs as in production is not', () => {
  assert.equal(is('/p/node_modules/.bin/next', ['start']), undefined);
  assert.equal(is('/p/node_modules/.bin/next', ['build']), undefined);
  assert.equal(is('/p/node_modules/.bin/vite', ['build']), undefined);
  assert.equal(is('/p/node_modules/.bin/tsx', ['app.ts']), undefined);
  assert.equal(is('/p/dist/main.js'), undefined);
});
