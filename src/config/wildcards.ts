// Names with wildcards, as `feature.env.include` and `exclude` have them.

/** Whether a name matches one of the patterns, whole and case-sensitive: `*` any text, `?` one character. */
export function wildcards(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's');
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
