// A client inside the cluster: for each line of JSON on stdin it makes one HTTP request, on a connection of
// its own, and prints the answer as a line. The tests run it in a pod, with `node -e`.

const http = require('node:http');
const readline = require('node:readline');

const patienceMs = 10_000;

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, url, method, headers, body, timeoutMs } = JSON.parse(line);
  const say = (answer) => process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
  const options = { agent: false, method, headers, timeout: timeoutMs ?? patienceMs };
  const request = http.request(url, options, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('error', (error) => say({ error: error.code }));
    response.on('end', () => {
      const { statusCode: status, rawHeaders: headers } = response;
      say({ status, headers, body: Buffer.concat(chunks).toString() });
    });
  });
  request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
  request.on('error', (error) => say({ error: error.code }));
  request.end(body);
});
