// Watches a file and its folder, and prints what it is told, a line each.

import fs from 'node:fs';
import path from 'node:path';

const [, , file] = process.argv;
fs.watchFile(file, { interval: 200 }, (now, before) => console.log(`watchFile ${before.size} ${now.size}`));
fs.watch(path.dirname(file), (event, name) => console.log(`watch ${event} ${name}`));
try {
  fs.watch(`${file}.nothing`);
} catch ({ code, syscall }) {
  console.log(`${code} ${syscall}`);
}
console.log('watching');
