// The last answer of a connection that the agent has to give up: it tells the client that no other comes on this
// connection, so that the client's next request goes where it belongs and none is lost.

const connectionLine = /\r\nconnection:[^\r\n]*(?=\r\n)/gi;

/** @param head of an answer, whole; @returns it with `Connection: close` */
export function withClose(head: Buffer): Buffer {
  const text = head.toString('latin1');
  if (/\r\nconnection:[^\r\n]*\bclose\b/i.test(text) || text.startsWith('HTTP/1.0')) return head;
  const others = text.replace(connectionLine, '');
  return Buffer.from(`${others.slice(0, -2)}Connection: close\r\n\r\n`, 'latin1');
}
