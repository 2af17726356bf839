/** A verb of the command: its words, its options, and what it does. Help and parsing are made from this one table. */

export interface OptionSpecification {
  /** What stands for the value in help, such as SIZE; none for a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly summary: string;
}

export interface VerbArguments {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly switches: ReadonlySet<string>;
}

export interface Verb {
  /** One word, or two where several verbs are about one thing. */
  readonly name: string;
  /** The positionals in help, as in `URL DIR`; one in brackets may be left out. */
  readonly synopsis: string;
  /** A command line that makes sense, for people whose line lacks something. */
  readonly example?: string;
  readonly summary: string;
  /** Paragraphs for `--help`, after the summary. */
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpecification>>;
  readonly positionalCountMin: number;
  readonly positionalCountMax: number;
  /** Answers with the exit status. */
  run(parsed: VerbArguments): Promise<number>;
}
