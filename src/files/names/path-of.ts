/** The path of a name in a directory. */
export function pathOf(directoryPath: string, name: string): string {
  return directoryPath === "/" ? `/${name}` : `${directoryPath}/${name}`;
}
