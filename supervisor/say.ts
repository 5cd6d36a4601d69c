// What the developer is told while a program runs: one line each, and no line twice.

const said = new Set<string>();

export function say(sentence: string): void {
  if (said.has(sentence)) return;
  if (said.size < 1000) said.add(sentence);
  process.stderr.write(`mirrord: ${sentence}\n`);
}
