/** The command will not do this. The sentence is all the user sees; it holds no value that may be a secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    sentence: string,
    /** 2 = unsafe or impossible configuration, 1 = the machine would not let us. */
    readonly exitCode: 1 | 2 = 2,
  ) {
    super(sentence);
  }
}
