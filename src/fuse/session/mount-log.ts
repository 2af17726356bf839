/** Where a mount's lines for the person who runs it go. */
export type MountLog = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, string | number | undefined>>,
) => void;

export function noLog(): void {}
