const browsers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Edg\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Chrome\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).*Safari/, 'Safari'],
];

const systems: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** A User-Agent as a person would put it: `Firefox 150 on Windows`. It is what the client says of itself, and no proof. */
export function deviceOf(agent = ''): string {
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1] ?? 'an unknown system';
  for (const [pattern, name] of browsers) {
    const version = pattern.exec(agent)?.[1];
    if (version !== undefined) return `${name} ${version} on ${system}`;
  }
  return agent.split(' ', 1)[0]?.slice(0, 40) || 'Unknown';
}
