// A client inside the cluster that asks again and again: each line of JSON on stdin is `{ url, everyMs, keepAlive }`
// to begin, or `{}` to stop and print, as a line, how often each answer came.

const http = require('node:http');
const readline = require('node:readline');

const patienceMs = 15_000;
const answers = {};
const pending = new Set();
let timer;

const count = (answer) => {
  answers[answer] = (answers[answer] ?? 0) + 1;
};

function askOnce(url, agent) {
  const asked = new Promise((resolve) => {
    const request = http.get(url, { agent, timeout: patienceMs }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', (error) => resolve(error.code));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks)).from));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
    request.on('error', (error) => resolve(error.code));
  });
  const done = asked.then(count).finally(() => pending.delete(done));
  pending.add(done);
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { url, everyMs, keepAlive } = JSON.parse(line);
  clearInterval(timer);
  if (url === undefined) {
    await Promise.all(pending);
    process.stdout.write(`${JSON.stringify(answers)}\n`);
    return;
  }
  const agent = new http.Agent({ keepAlive });
  timer = setInterval(() => askOnce(url, agent), everyMs);
});
