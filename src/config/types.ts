/**
 * The configuration as the rest of the program sees it: validated, with its defaults, resolved and frozen.
 * Generated from `schema.ts` by `npm run generate`; do not edit.
 */

/**
 * Configuration of tailmeter.
 */
export interface Config {
  /**
   * Folder for checkpoints, the queue and dead letters; one daemon at a time. A relative path starts at the folder of this file.
   */
  readonly state_dir: string;
  /**
   * The logs to read. Each file belongs to one source.
   */
  readonly sources: readonly SourceConfig[];
  /**
   * Which lines become which events. They apply to all sources, in this order.
   */
  readonly rules: readonly RuleConfig[];
  /**
   * `all`: every rule that fits a line gives an event. `first`: only the first one does.
   */
  readonly match: 'all' | 'first';
  /**
   * Where the events go.
   */
  readonly destinations: readonly LagoDestinationConfig[];
  readonly spool: SpoolConfig;
  readonly dead: DeadConfig;
  readonly log: LogConfig;
}
/**
 * A log file to follow, or several by a glob.
 */
export interface SourceConfig {
  /**
   * The log file, or a glob (`*`, `?`, `**`, `[…]`, `{a,b}`). A relative path starts at the folder of this configuration file. The file may appear later; rotated files beside it are found by themselves (docs/rotation.md).
   */
  readonly path: string;
  /**
   * What a line looks like. A preset chooses where the timestamp comes from and which short names nested fields have; `json` is any JSON object per line and chooses nothing. `log_format` takes the plain-text format of an NGINX `log_format` directive.
   */
  readonly format:
    | ('nginx' | 'apisix' | 'apisix-file-logger' | 'kong-file-log' | 'litellm' | 'json')
    | {
        /**
         * The string of the `log_format` directive, variables and literal text alike.
         */
        readonly log_format: string;
      };
  /**
   * Where to start in a file that is there already when there is no checkpoint yet. Files that appear later are read from their beginning.
   */
  readonly start_at: 'beginning' | 'end';
  /**
   * Where rotated files of this log go when it is another folder (`olddir`) or they have names that are not known (docs/rotation.md): globs, relative to the folder of this configuration file. What matches is looked at like the rotated files beside the log: read where it is one of this log, left alone where it is not.
   */
  readonly rotated: readonly string[];
  /**
   * A longer line (bytes) becomes a dead letter; reading goes on at the next one.
   */
  readonly max_line_bytes: number;
  /**
   * A text that is hashed into `${log_id}`, for logs that can hold equal lines at equal places: of several virtual hosts (`${file}`, the path of the followed log, also for its rotated files and in a replay) or several gateways (`gateway-1 ${file}`). Set it before the first line is read: with another salt the same line has another id, and a replay bills it again.
   */
  readonly id_salt?: string;
  /**
   * Seconds (400 days unless set). A line whose time is longer ago when it is first read becomes a dead letter, `implausible_timestamp`: it would be billed in a period that is long closed. `replay --allow-old` takes it.
   */
  readonly plausible_age: number;
  /**
   * Seconds. A line whose time is so much later than the clock of this host becomes a dead letter, `implausible_timestamp`.
   */
  readonly plausible_future: number;
  /**
   * Seconds for which a file that was rotated away must have been quiet before it counts as finished. More than the `flush=` time of a buffered access log.
   */
  readonly rotate_wait: number;
}
/**
 * Turns lines into usage events. Values are templates: `${name}`, `$name`, `${name ?? default}`, with dots for nested fields.
 */
export interface RuleConfig {
  /**
   * Names the rule in dead letters, counts and messages. Unique.
   */
  readonly name: string;
  /**
   * Only lines that fit give an event; without a filter all do. Expressions of lua-resty-expr: conditions `[name, operator, value]` that must all hold, or a list that starts with `AND`, `OR`, `!AND` or `!OR`. Operators: `==`, `~=`, `>`, `>=`, `<`, `<=`, `~~`, `~*`, `in`, `has`, `ipmatch`, and `!` before one of them to negate it.
   */
  readonly filter?: readonly unknown[];
  /**
   * The code of Lago's billable metric. Taken as it stands: no template.
   */
  readonly event_code: string;
  /**
   * The id by which Lago de-duplicates (template). `${log_id}` is a stable id of the log line: it survives rotation and replay, and no client can influence it.
   */
  readonly event_transaction_id: string;
  /**
   * The external id of Lago's subscription (template). A line for which it is empty becomes a dead letter.
   */
  readonly event_subscription_id: string;
  /**
   * When the usage happened (template): Unix seconds, Unix milliseconds, ISO 8601 with an offset, or NGINX's `$time_local`.
   */
  readonly event_timestamp?: string;
  /**
   * The event's properties (templates). One that is exactly one variable keeps the type that the log has; any other is a string.
   */
  readonly event_properties?: {
    readonly [k: string]: string;
  };
  /**
   * The price of this usage in cents (template), for Lago's dynamic charges.
   */
  readonly precise_total_amount_cents?: string;
  /**
   * The name of the destination. Required where there is more than one.
   */
  readonly to: string;
}
/**
 * Lago's events API, in the cloud or self-hosted.
 */
export interface LagoDestinationConfig {
  /**
   * Names the destination in rules, status and messages, and its folder in the spool: another name is another queue. Unique, also without regard to case.
   */
  readonly name: string;
  /**
   * What kind of destination this is.
   */
  readonly type: 'lago';
  /**
   * Addresses of Lago. With several, each batch goes to one that works (`balance`); they must be the same Lago, since it de-duplicates by id.
   */
  readonly endpoint_addrs: readonly string[];
  /**
   * Which of several addresses that work gets the next batch: the one with the fewest requests in flight, so that a slow one does not keep the others waiting, or a random one, as the plugin has it.
   */
  readonly balance: 'least_in_flight' | 'random';
  /**
   * The path of the batch endpoint, put behind the address.
   */
  readonly endpoint_uri: string;
  /**
   * The API key of Lago: `$env://NAME` (environment variable), `$file:///path` (content of a file, without its trailing newline), or the key itself. A file is read again when Lago refuses the key, at most once a minute.
   */
  readonly token: string;
  /**
   * What counts as delivered. `strict`: an answer of Lago, which repeats every event that was sent; any other success (a catch-all, a login page) holds the destination. `status`: any success that is no web page, for a proxy that takes the body out of answers.
   */
  readonly answer_check: 'strict' | 'status';
  /**
   * The most events in one request.
   */
  readonly batch_max_size: number;
  /**
   * Events of more bytes are sent in batches of their own. Lago on Postgres (since v1.36) cannot store an event whose properties take more than about 2,600 bytes in an index row, and refuses the whole batch with a 500.
   */
  readonly large_event_bytes: number;
  /**
   * Seconds without a new event after which those collected are sent.
   */
  readonly inactive_timeout: number;
  /**
   * Seconds after which the oldest event collected is sent in any case.
   */
  readonly buffer_duration: number;
  /**
   * How often a failed batch is tried again before its events become dead letters. Leave it unset to try until Lago answers; `0` is the plugin's default.
   */
  readonly max_retry_count?: number;
  /**
   * Seconds before the first retry; the wait grows from there, with jitter.
   */
  readonly retry_delay: number;
  /**
   * The most requests in flight at a time. How many there are is found out: as many as a server takes without getting slower.
   */
  readonly concurrency: number;
  /**
   * The most requests a second. Lago Cloud takes 50 batches a second per organization.
   */
  readonly max_requests_per_second?: number;
  /**
   * Whether the certificate of the server is verified. Without it anyone on the way can read the key.
   */
  readonly ssl_verify: boolean;
  /**
   * Milliseconds to wait: for a connection, and for each next byte of an answer that has begun; where another address works, also for its first.
   */
  readonly timeout: number;
  /**
   * Milliseconds to wait for the first byte of an answer. Where that is not enough it grows, up to four times: what was sent is probably stored, and would be sent again.
   */
  readonly answer_timeout: number;
  /**
   * Whether connections are kept open between requests.
   */
  readonly keepalive: boolean;
  /**
   * Milliseconds for which an idle connection is kept open.
   */
  readonly keepalive_timeout: number;
  /**
   * Milliseconds after which a connection is replaced, also when it is busy, so that a name which leads elsewhere by now is followed.
   */
  readonly keepalive_lifetime: number;
  /**
   * The connections per address that are kept open without a request. Those beyond it, opened when more requests are in flight, are closed when they had none for twice `inactive_timeout`.
   */
  readonly keepalive_pool: number;
  /**
   * Certificates (PEM) of the authorities to trust. A relative path starts at the folder of this file. Like `cert_file` and `key_file`, it is read again when a handshake fails, at most once a minute.
   */
  readonly ca_file?: string;
  /**
   * Client certificate (PEM) for mutual TLS; needs `key_file`.
   */
  readonly cert_file?: string;
  /**
   * Private key (PEM) of the client certificate; needs `cert_file`.
   */
  readonly key_file?: string;
  /**
   * HTTP proxy through which Lago is reached: a URL, a reference as for `token`, or `env`: whatever `HTTPS_PROXY` (`http_proxy` for http), `ALL_PROXY` and `NO_PROXY` of the environment say about each address.
   */
  readonly proxy?: string;
}
/**
 * Limits of the queue on disk. When one is reached reading pauses: the log itself is then the buffer, and nothing is lost as long as it is kept.
 */
export interface SpoolConfig {
  /**
   * The most bytes of events that wait for delivery, all destinations together.
   */
  readonly max_bytes: number;
  /**
   * Bytes that always stay free on the disk of `state_dir`.
   */
  readonly min_free_bytes: number;
}
/**
 * How much disk the dead letters may take, and what becomes of those beyond it. Events that Lago refused always keep their letter, with their body; they count.
 */
export interface DeadConfig {
  /**
   * The most bytes of dead letters. Clear away whole files, the oldest first, to make room: no restart is needed.
   */
  readonly max_bytes: number;
  /**
   * `sample`: lines that fail beyond it get no letter; they are counted by reason, with the bytes of the log in which they stand (`tailmeter status`), and `tailmeter replay` of that log reads them again. `pause`: reading pauses until there is room.
   */
  readonly on_full: 'sample' | 'pause';
}
/**
 * The daemon's own log, on standard error.
 */
export interface LogConfig {
  /**
   * The least severe level that is written.
   */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /**
   * `json`: one object per line. `nginx`: the shape of NGINX's error.log, so that alerts on the words of APISIX's plugin go on matching. `pretty`: for people.
   */
  readonly format: 'json' | 'nginx' | 'pretty';
}

/** A place where events go, of any type. */
export type DestinationConfig = LagoDestinationConfig;
