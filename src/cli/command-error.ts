/** What a person got wrong on the command line: one line that says what to do, and exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What went wrong in the world, as one line that says what to do, and exit status 1 unless the verb has another for it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly status: number;

  constructor(message: string, { status = 1 }: { readonly status?: number } = {}) {
    super(message);
    this.status = status;
  }
}
