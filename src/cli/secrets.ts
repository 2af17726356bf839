/** Keeps secrets out of everything that is printed, logged or listed. */

const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi;
const secretParameter = /([?&](?:[a-z-]*(?:secret|token|password|key|signature))=)[^&\s]+/gi;

/** The text with the user information of URLs, and the values of parameters that sound secret, masked. */
export function maskSecrets(text: string): string {
  return text.replace(userInfo, "$1***@").replace(secretParameter, "$1***");
}
