/** Adds names to a value of `Vary`. Those that are there do not come twice, and a star says all (RFC 9110 §12.5.5). */
export function joinVary(
  value: string | number | readonly string[] | null | undefined,
  names: string,
): string {
  const given = String(value ?? '');
  if (given === '') return names;
  const known = given.toLowerCase().split(/ *, */);
  if (known.includes('*')) return given;
  const missing = names.split(', ').filter((name) => !known.includes(name.toLowerCase()));
  return [given, ...missing].join(', ');
}
