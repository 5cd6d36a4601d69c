// Bytes of heads that wait to be whole, of all connections together: nobody's clients are to fill the agent's memory.

const maxBytes = 32 * 1024 * 1024;

export class HeldHeads {
  #total = 0;
  #byConnection = new Map<object, number>();

  /** @returns false when all together hold too much: the connection is to give back what it holds */
  hasRoomFor(connection: object, bytes: number): boolean {
    this.forget(connection);
    if (bytes === 0) return true;
    if (this.#total + bytes > maxBytes) return false;
    this.#total += bytes;
    this.#byConnection.set(connection, bytes);
    return true;
  }

  forget(connection: object): void {
    this.#total -= this.#byConnection.get(connection) ?? 0;
    this.#byConnection.delete(connection);
  }
}
