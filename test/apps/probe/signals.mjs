// Counts the signals that ask it to end, and goes on. SIGUSR2 makes it say how many came and what it still
// reads of the pod, and end with 3: with the session gone before the program, that read would fail.

import fs from 'node:fs';

const counts = { SIGINT: 0, SIGTERM: 0 };
for (const signal of Object.keys(counts)) {
  process.on(signal, () => {
    counts[signal]++;
    console.log(`got ${signal}`);
  });
}
process.on('SIGUSR2', () => {
  console.log(JSON.stringify({ ...counts, greeting: fs.readFileSync('/config/greeting.txt', 'utf8') }));
  process.exit(3);
});
setInterval(() => {}, 60_000);
console.log(`up, started by ${process.ppid}`);
