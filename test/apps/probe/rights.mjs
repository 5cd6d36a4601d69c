// What a program may do with files of the pod that are not its user's, and whose what it makes is. One line of JSON.
//   node rights.mjs FOLDER

import fs from 'node:fs';

const [, , folder] = process.argv;
const attempt = (call) => {
  try {
    return call() ?? null;
  } catch ({ message }) {
    return message;
  }
};

console.log(
  JSON.stringify([
    attempt(() => fs.readFileSync(`${folder}/secret`, 'utf8')),
    attempt(() => fs.accessSync(`${folder}/secret`, fs.constants.R_OK)),
    attempt(() => fs.accessSync(`${folder}/small`, fs.constants.W_OK)),
    attempt(() => fs.chownSync(`${folder}/small`, 5, 5)),
    attempt(() => fs.writeFileSync('/var-made', 'x')),
    attempt(() => fs.writeFileSync(`${folder}/made`, 'x')),
    attempt(() => fs.mkdirSync(`${folder}/made-folder`)),
    attempt(() => {
      const { uid, gid, mode } = fs.statSync(`${folder}/made`);
      return [uid, gid, mode];
    }),
    attempt(() => fs.statSync(`${folder}/made-folder`).uid),
    attempt(() => fs.rmSync(`${folder}/made`)),
    attempt(() => fs.rmdirSync(`${folder}/made-folder`)),
  ]),
);
