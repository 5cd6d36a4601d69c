// The proxy is gone: said once, in one line, however many calls fail of it.

import { RemoteError } from '../../src/protocol/failure.ts';

let said = false;

/** @returns the error of a call that could not be answered; the caller maps it to an errno */
export function linkLost(cause?: unknown): RemoteError {
  if (!said) {
    said = true;
    process.stderr.write(
      'mirrord: The session has ended, so nothing of the pod can be reached from here on. [SESSION_LOST]\n' +
        '         Start the program again to get a new session.\n',
    );
  }
  return new RemoteError('LINK_CLOSED', cause instanceof Error ? cause.message : 'the session has ended');
}
