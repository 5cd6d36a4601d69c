// What the pod's variables do to a process: those that Node reads before a program's first line, and those that
// must not come. Prints a line of JSON.
//   node tuned.cjs

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const { promisify } = require('node:util');

const { NODE_ENV, NODE_EXTRA_CA_CERTS, NODE_PATH, npm_config_cache, MIRRORD_FILE_MODE } = process.env;

/** libuv's pool threads: those that a burst of work brings into being. */
async function poolThreads() {
  const threads = () => fs.readdirSync('/proc/self/task').length;
  const before = threads();
  await Promise.all(Array.from({ length: 8 }, () => promisify(crypto.pbkdf2)('a', 'b', 1, 8, 'sha1')));
  return threads() - before;
}

async function look() {
  const pool = await poolThreads();
  const answered = await fetch('https://kubernetes.default.svc/version').then(
    (response) => response.status > 0,
    (error) => error.cause.code,
  );
  return {
    hour: new Date(0).getHours(),
    poolThreads: pool,
    answered,
    hostname: os.hostname(),
    temporary: os.tmpdir(),
    environment: { NODE_ENV, NODE_EXTRA_CA_CERTS, NODE_PATH, npm_config_cache, MIRRORD_FILE_MODE },
    interfaces: Object.values(os.networkInterfaces()).flatMap((list) => list.map(({ address }) => address)),
  };
}

look().then((seen) => console.log(JSON.stringify(seen)));
