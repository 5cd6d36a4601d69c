// How a Node process is told to load the loader. With --require, not --import: it is loaded before the
// first line also in a worker thread that evaluates a string, where imports come too late.

/** For an argument list. */
export function requireFlag(file: string): string {
  return `--require=${file}`;
}

/** For NODE_OPTIONS, whose parser splits at spaces outside of double quotes and knows backslashes inside. */
export function nodeOption(file: string): string {
  const flag = requireFlag(file);
  return /[\s"\\]/.test(file) ? `"${flag.replace(/["\\]/g, '\\$&')}"` : flag;
}
