// One line of advice, where what the pod has is seldom what a developer wants: NODE_ENV=production makes a
// development server build for production, and a test runner test what nobody runs.

import path from 'node:path';

/** Programs that a developer runs to develop or to test, by the name of their script, and what they must be told. */
const programs: Readonly<Record<string, RegExp>> = {
  next: /^(dev)?$/,
  vite: /^(dev|serve|)$/,
  nest: /^start$/,
  webpack: /^(serve|watch)$/,
  'webpack-dev-server': /^/,
  'react-scripts': /^(start|test)$/,
  'vue-cli-service': /^serve$/,
  'react-router': /^dev$/,
  ng: /^(serve|test)$/,
  astro: /^dev$/,
  nuxt: /^dev$/,
  nuxi: /^dev$/,
  gatsby: /^develop$/,
  nodemon: /^/,
  'ts-node-dev': /^/,
  tsx: /^watch$/,
  jest: /^/,
  vitest: /^/,
  mocha: /^/,
};

/**
 * The name of the development server or test runner that a process is, if it is one.
 * @param script process.argv[1]
 * @param args what follows it
 */
export function developmentProgram(
  script: string | undefined,
  args: readonly string[],
  execArgv: readonly string[] = [],
): string | undefined {
  if (execArgv.some((flag) => /^--(watch|test)\b/.test(flag))) return 'node --watch or --test';
  const name = programName(script ?? '');
  const first = args.find((arg) => !arg.startsWith('-')) ?? '';
  return Object.hasOwn(programs, name) && programs[name]?.test(first) === true ? name : undefined;
}

/** A package's program is called by its link in `.bin`, or by a file of the package. */
function programName(script: string): string {
  const name = path.basename(script).replace(/\.(m|c)?js$/, '');
  if (Object.hasOwn(programs, name)) return name;
  const [, inPackage = ''] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(script) ?? [];
  return inPackage === '@nestjs/cli' ? 'nest' : inPackage;
}

/** The line for the developer. */
export function productionAdvice(program: string): string {
  return `NODE_ENV=production comes from the pod, and ${program} is for development: start it with NODE_ENV=development (or test) to keep yours.`;
}
