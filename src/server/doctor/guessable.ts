/** What people write where a secret should stand, the longest first. */
const words = (
  'keyboardcat changeme letmein password passwort passphrase shhhh example default replace generate random secret private ' +
  'session connect signing cookie express server please change qwerty asdfgh qwertz iloveyou welcome dragon monkey ' +
  'bytes token admin login super hello world thirty your this that must only have test demo with more than less from ' +
  'characters string value insert here some long short enough production development staging local dont never use ' +
  'two for not the and jwt key dev app foo bar baz api my me in is it be to of or at'
)
  .split(' ')
  .sort((one, other) => other.length - one.length);

const anyWord = new RegExp(words.join('|'), 'gi');
/** Three words and more with spaces between them: a sentence. */
const sentence = /^[\p{L}\p{P}\d]+(?: +[\p{L}\p{P}\d]+){2,}$/u;
/** What one letter of a sentence is worth: Diceware's words have 12.9 bits and, with the space, some 5.2 letters. */
const bitsInSentence = 2.4;
/** Any of the words above. */
const bitsOfWord = 7;

const kinds: readonly (readonly [pattern: RegExp, size: number])[] = [
  [/\d/, 10],
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[ -/:-@[-`{-~]/, 33],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes have them.
  [/[\0-\x1f\x7f]/, 33],
  [/[^\0-\x7f]/, 128],
];

/**
 * How many bits a secret has at most, as far as can be seen: repetitions, series and the words of examples count for little.
 * An estimate. What is random is never taken for weak; what is weak may well pass.
 */
export function guessableBits(secret: string | Uint8Array): number {
  const text = typeof secret === 'string' ? secret : Buffer.from(secret).toString('latin1');
  let found = 0;
  const rest = onePeriod(text).replace(anyWord, () => {
    found += 1;
    return '';
  });
  const unforeseen = withoutSeries(rest);
  const each = sentence.test(text) ? bitsInSentence : bitsOfCharacter(unforeseen);
  return found * bitsOfWord + unforeseen.length * each;
}

/** `abcabcab` is `abc`. */
function onePeriod(text: string): string {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return text.slice(0, period);
  }
  return text;
}

/** `aaaa`, `1234` and `dcba` are two characters: where it begins and which way it goes. */
function withoutSeries(text: string): string {
  const steps = [...text].map((_, at) => text.charCodeAt(at) - text.charCodeAt(at - 1));
  const goesOn = (at: number) => Math.abs(steps[at] ?? 2) <= 1 && steps[at] === steps[at - 1];
  return [...text].filter((_, at) => !goesOn(at)).join('');
}

function bitsOfCharacter(text: string): number {
  const alphabet = /^(?:[\da-f]+|[\dA-F]+)$/.test(text)
    ? 16
    : kinds.reduce((sum, [pattern, size]) => sum + (pattern.test(text) ? size : 0), 0);
  // Few of them that come again and again. Of a random text, half of the alphabet is seen soon enough.
  const seen = 1.5 * new Set(text).size;
  return Math.log2(Math.max(1, Math.min(alphabet, seen)));
}
