// Numbers that getaddrinfo(3) takes for an IPv4 address without asking anybody: the forms of inet_aton(3).

/** @returns `127.0.0.1` for `127.1`, `0x7f.1` or `2130706433`; undefined for a name */
export function numericAddress(name: string): string | undefined {
  const parts = name.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(part))) return undefined;
  const numbers = parts.map((part) => Number(/^0[0-7]+$/.test(part) ? `0o${part.slice(1)}` : part));
  const last = numbers.pop() ?? 0;
  // The last part fills what the others leave.
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  const value = numbers.reduce((sum, number, at) => sum + number * 256 ** (3 - at), last);
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');
}
