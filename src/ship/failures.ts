/**
 * Failures of a connection, in the words that APISIX's plugin (NGINX's sockets) has for them, so that existing
 * alerts match, followed by the details.
 */

/** Nothing was sent, so the batch is not to blame and Lago cannot have stored it. */
const UNREACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
  'ENOENT',
]);

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'broken pipe',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers of the answer are larger than 256 KiB',
  UND_ERR_SOCKET: 'closed',
};

/** Whether no connection came about at all (refused, name, route, TLS), as opposed to one that broke. */
export function isUnreached(error: Error): boolean {
  const code = codeOf(error);
  return UNREACHED.has(code) || isTls(code);
}

/** Whether new certificates could mend it: a handshake that failed, or what a server does that refuses ours afterwards. */
export function mayBeCertificate(error: Error): boolean {
  const code = codeOf(error);
  return isTls(code) || code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
}

/** A proxy that wants (other) credentials: undici tells it as an error of its own. */
export function isProxyRefusal(error: Error): boolean {
  return error.message.includes('(407)');
}

/** `connection refused: connect ECONNREFUSED 127.0.0.1:3000`, to be put after `failed to process entries: `. */
export function describeFailure(error: Error): string {
  const code = codeOf(error);
  const detail = messageOf(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `could not be resolved (3: Host not found): ${detail}`;
  if (isTls(code)) return `failed to do SSL handshake: ${detail}`;
  const words = WORDS[code];
  return words === undefined ? detail : `${words}: ${detail}`;
}

function isTls(code: string): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$|^UND_ERR_PRX_TLS$|SIGNATURE/.test(code);
}

function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error ? codeOf(error.cause) : '';
}

/** Node tries several addresses of a name; the error of all of them has no message of its own. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join(', ');
  }
  return error.message;
}
