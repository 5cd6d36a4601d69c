// Asks the server once. In a pod of the cluster, which has no file of the protocol: its two messages are written out.
import { Client, credentials } from '@grpc/grpc-js';

const client = new Client(`${process.argv.at(-1)}:8080`, credentials.createInsecure());
const nothing = () => Buffer.alloc(0);

/** All fields are texts: a tag of one byte, a length of one byte, the text. */
function seen(bytes) {
  const names = ['from', 'region', 'greeting', 'prices', 'client'];
  const fields = {};
  for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]) {
    fields[names[(bytes[at] >> 3) - 1]] = bytes.toString('utf8', at + 2, at + 2 + bytes[at + 1]);
  }
  return fields;
}

client.makeUnaryRequest('/shop.Shop/Look', nothing, seen, null, (error, answer) => {
  if (error) throw error;
  console.log(JSON.stringify(answer));
});
