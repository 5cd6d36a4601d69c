// A variable as a line of a dotenv file, so that Node's --env-file (util.parseEnv) and the dotenv packages read
// the same value back.

/** A value that holds all three kinds of quotes cannot be written; it is given as it is. */
export function dotenvLine(name: string, value: string): string {
  if (/^[\w./:@%+,=-]*$/.test(value)) return `${name}=${value}`;
  // Double quotes last: inside them \n is a line break.
  const quote = ["'", '`', '"'].find((candidate) => !value.includes(candidate)) ?? '';
  return `${name}=${quote}${value}${quote}`;
}
