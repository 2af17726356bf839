/** Keeps secrets out of everything that is printed, logged, listed or kept. */

// A password may have a / in it, though it should not; a port before the path looks alike.
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)(?:[^/\s]+|[^/\s:@[]*:(?!\d*\/)\S*?)@/gi;
const password = /([a-z][a-z0-9+.-]*:\/\/[^/\s:@[]*):(?:[^/\s]*|(?!\d*\/)\S*?)@/gi;
const secretParameter = /([?&](?:[a-z0-9_.-]*(?:secret|token|password|passphrase|key|signature))=)[^&\s]+/gi;

/** The text with the user information of URLs, and the values of parameters that sound secret, masked. */
export function maskSecrets(text: string): string {
  return text.replace(userInfo, "$1***@").replace(secretParameter, "$1***");
}

/** The text with passwords and secret values taken out of its URLs: who knows the secret can still open what they name. */
export function withoutSecrets(text: string): string {
  return text.replace(password, "$1@").replace(secretParameter, "$1");
}
