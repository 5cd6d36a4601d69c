import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nativeNotice } from '../../../loader/native-packages.ts';

const modules = '/p/node_modules';

test('an addon that makes its own system calls is named, with what stays local and what covers it', () => {
  assert.equal(
    nativeNotice(`${modules}/better-sqlite3/build/Release/better_sqlite3.node`),
    '"better-sqlite3" has native code with system calls of its own: the files that it opens are those of this ' +
      'machine. "mirrord exec -- COMMAND" covers it.',
  );
});

test('it is found in every way of packing', () => {
  const files = [
    `${modules}/.prisma/client/libquery_engine-debian-openssl-3.0.x.so.node`,
    `${modules}/.pnpm/zeromq@6.8.0/node_modules/zeromq/build/linux/x64/addon.node`,
    `${modules}/@lmdb/lmdb-linux-x64/node.napi.glibc.node`,
    `${modules}/app/node_modules/pg-native/build/addon.node`,
    'C:\\p\\node_modules\\@prisma\\engines\\query_engine.dll.node',
  ];
  for (const file of files) assert.notEqual(nativeNotice(file), undefined, file);
});

test('an addon that only computes is not', () => {
  for (const name of ['bcrypt', 'sharp', '@img/sharp-linux-x64', 'zeromq-tools', '@swc/core-linux-x64-gnu']) {
    assert.equal(nativeNotice(`${modules}/${name}/addon.node`), undefined, name);
  }
  assert.equal(nativeNotice('/p/build/Release/own.node'), undefined);
});
