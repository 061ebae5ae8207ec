/**
 * What each telemetry event says in the log: its level, its sentence, and when repeats of it are gathered.
 * Where APISIX's `lago` plugin has words for the same thing, they are its words, so that alerts go on matching.
 * `docs/log-events.md` explains each one to operators; a test holds the two together.
 */
import type { TelemetryEvent } from './events.ts';

export type EventName = TelemetryEvent['event'];
export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Message<E extends TelemetryEvent> {
  readonly level: Level;
  readonly text: (event: E) => string;
  /** Events of one kind with the same key count as repeats of each other; without it each one is written. */
  readonly repeatKey?: (event: E) => string;
}

type MessageTable = { readonly [K in EventName]: Message<Extract<TelemetryEvent, { event: K }>> };

/**
 * The plugin's batch processor is called "lago logger" unless configured otherwise, so the destination that has the
 * default name is called that, too. Any other destination appears under its own name.
 */
function processor(destination: string): string {
  return `Batch Processor[${destination === 'lago' ? 'lago logger' : destination}]`;
}

const bySource = (event: { source: string; reason: string }): string => `${event.source} ${event.reason}`;
const byDestination = (event: { destination: string }): string => event.destination;

const LOST_HINT =
  'if it was moved elsewhere or has another name, say where in `rotated` of the source (what was rotated since may be there, too); if there is a copy, replay it';

export const MESSAGES: MessageTable = {
  file_missing: { level: 'warn', text: (e) => `${e.path} does not exist; waiting for it` },
  file_found: { level: 'info', text: (e) => `reading ${e.path} from byte ${e.offset}` },
  file_unreadable: {
    level: 'error',
    text: (e) => `cannot read ${e.path}: ${e.error.message}; trying again`,
    repeatKey: (e) => e.path,
  },
  file_readable_again: { level: 'info', text: (e) => `${e.path} can be read again` },
  file_mounted: {
    level: 'warn',
    text: (e) =>
      `${e.path} is mounted as a single file: when the log is rotated outside, the new one will not come here; mount its folder, not the file (copytruncate alone does no harm)`,
  },
  file_detached: {
    level: 'error',
    text: (e) =>
      `${e.path} was replaced outside: the file that is mounted here has been renamed or deleted, and is read on, but what is written to the new log at that path does NOT come here; mount its folder, not the file, and start again`,
  },
  archive_damaged: {
    level: 'error',
    text: (e) =>
      `damaged archive: ${e.path}: packed bytes ${e.from} to ${e.to} (unpacked from byte ${e.unpackedFrom} on) do not verify: ${e.reason}; nothing of them is billed until the file is whole; tailmeter replay --accept-damaged bills them as they are`,
  },
  unverified_accepted: {
    level: 'warn',
    text: (e) =>
      `unverified: ${e.path} is read on from byte ${e.unpackedFrom}, from packed bytes ${e.from} to ${e.to}, which do not verify: ${e.reason}`,
  },
  archive_unsupported: {
    level: 'warn',
    text: (e) => `rotated file not read: ${e.error.message}`,
    repeatKey: (e) => e.source,
  },
  log_packed: {
    level: 'error',
    text: (e) => `cannot follow ${e.path}: ${e.error.message}`,
    repeatKey: (e) => e.path,
  },
  file_claimed_twice: {
    level: 'warn',
    text: (e) => `${e.path} also matches ${e.source}; it is read only by ${e.owner}`,
    repeatKey: (e) => e.path,
  },
  rotation: { level: 'info', text: (e) => `${e.path} was ${e.kind}` },
  generation_found: {
    level: 'info',
    text: (e) => `going on in ${e.path} (${e.fingerprint}) at byte ${e.offset}`,
  },
  generation_ended: {
    level: 'info',
    text: (e) => `finished ${e.path} (${e.fingerprint}) at byte ${e.offset}`,
  },
  lines_lost: {
    level: 'error',
    text: (e) =>
      `lines lost: ${e.path} (${e.fingerprint}): ${e.reason}; unread from byte ${e.from} ${e.to === undefined ? 'on' : `to ${e.to}`}; ${LOST_HINT}${e.id === undefined ? '' : `; then: tailmeter audit --acknowledge ${e.id}`}`,
  },
  file_ignored: {
    level: 'warn',
    text: (e) =>
      `${e.path} (${e.bytes} bytes) is not billed: ${e.why}; if its lines belong to ${e.source}, bill them with: ${e.command}`,
    repeatKey: (e) => e.path,
  },
  line_dead: {
    level: 'warn',
    text: (e) => `dead letter: ${e.path} at byte ${e.offset}: ${e.reason}: ${e.message}`,
    repeatKey: bySource,
  },
  repeated_id: {
    level: 'warn',
    text: (e) =>
      `repeated id: ${e.path} at byte ${e.offset}: another line gave the transaction id ${JSON.stringify(e.transactionId)} shortly before; Lago bills only one of them`,
    repeatKey: (e) => e.source,
  },
  hole_skipped: {
    level: 'warn',
    text: (e) =>
      `skipped ${e.bytes} NUL bytes of ${e.path} at byte ${e.offset}: a hole, as truncation under a writer that does not append leaves it, or a loss of power`,
  },
  shared_ids: {
    level: 'error',
    text: (e) =>
      `one id for two logs: ${e.path} and ${e.otherPath} begin alike, and their equal lines at byte ${e.offset} give the transaction id ${JSON.stringify(e.transactionId)}; Lago bills only one of them: set id_salt: \${file} for the source, or log $request_id`,
  },
  padded_subscription: {
    level: 'warn',
    text: (e) =>
      `${e.events} events for the subscription ${JSON.stringify(e.subscription)}, the first from ${e.path} at byte ${e.offset}: it begins or ends with a space; unless Lago's has it, too, nobody is billed, and Lago does not say so`,
    repeatKey: (e) => e.source,
  },
  spool_paused: { level: 'error', text: (e) => `reading is paused: ${e.message}` },
  letters_sampled: {
    level: 'error',
    text: (e) =>
      `${e.folder} holds ${e.bytes} of ${e.maxBytes} bytes (dead.max_bytes): lines that fail get no dead letter any more, but are counted, and status names the bytes of the logs in which they stand; mend the cause, replay these logs, and clear away the oldest files`,
  },
  letters_kept_again: {
    level: 'info',
    text: (e) =>
      `lines that fail get dead letters again; ${e.letters} were left out: status names the bytes of the logs in which they stand`,
  },
  spool_resumed: { level: 'info', text: () => 'reading goes on' },
  chunk_restored: {
    level: 'warn',
    text: (e) =>
      `damaged chunk mended, with ${e.events} events read again from ${e.path}: ${e.error.message}`,
    repeatKey: byDestination,
  },
  chunk_quarantined: {
    level: 'error',
    text: (e) => `damaged chunk put aside: ${e.file}: ${e.error.message}`,
    repeatKey: byDestination,
  },
  chunk_too_new: {
    level: 'error',
    text: (e) => `chunk left where it is: ${e.file}: ${e.error.message}`,
    repeatKey: byDestination,
  },
  events_missing: {
    level: 'error',
    text: (e) =>
      `events lost: ${e.events} should wait for ${e.destination}, but their chunks are gone; replay the logs to send them again`,
  },
  destination_unknown: {
    level: 'warn',
    text: (e) =>
      `${e.events} events in ${e.chunks} chunks wait for ${e.destination}, which is no longer a destination`,
  },
  source_unknown: {
    level: 'warn',
    text: (e) =>
      `${e.path} is not read on from byte ${e.offset}, as ${e.source} is no longer a source; replay it if it has more`,
  },
  checkpoint_failed: {
    level: 'error',
    text: (e) => `cannot write the checkpoint: ${e.error.message}; trying again`,
    repeatKey: () => '',
  },
  checkpoint_damaged: {
    level: 'error',
    text: (e) => `damaged checkpoint put aside: ${e.file}: ${e.error.message}; going by the chunks`,
  },
  batch_failed: {
    level: 'error',
    text: (e) => `${processor(e.destination)} failed to process entries: ${e.message}`,
    repeatKey: byDestination,
  },
  batch_partly_failed: {
    level: 'error',
    text: (e) =>
      `${processor(e.destination)} failed to process entries [${e.total - e.done}/${e.total}]: ${e.message}`,
    repeatKey: byDestination,
  },
  retries_exhausted: {
    level: 'error',
    text: (e) =>
      `${processor(e.destination)} exceeded the max_retry_count[${e.maxRetryCount}] dropping the entries into the dead letters: ${e.events}`,
    repeatKey: byDestination,
  },
  endpoint_open: {
    level: 'warn',
    text: (e) => `${e.address} is left alone for ${e.retryInMs} ms: ${e.cause}`,
    repeatKey: (e) => `${e.destination} ${e.address}`,
  },
  endpoint_closed: {
    level: 'info',
    text: (e) => `${e.address} works again`,
    repeatKey: (e) => `${e.destination} ${e.address}`,
  },
  endpoint_held: {
    level: 'error',
    text: (e) =>
      `${processor(e.destination)} failed to process entries: ${e.message}; the other endpoints go on, and this one is left alone for ${e.retryInMs} ms until it is mended: ${e.remedy}`,
    repeatKey: (e) => `${e.destination} ${e.address}`,
  },
  destination_held: {
    level: 'error',
    text: (e) =>
      `${processor(e.destination)} failed to process entries: ${e.message}; everything is kept until this is mended: ${e.remedy}`,
    repeatKey: byDestination,
  },
  suspects_full: {
    level: 'error',
    text: (e) =>
      `${processor(e.destination)} failed to process entries: ${e.events} events fail while others do not, and there is no room for more of them: each is tried at shorter intervals, and what fails now holds its part of the queue up; see what they have in common in state_dir/dead/`,
    repeatKey: byDestination,
  },
  credentials_renewed: {
    level: 'info',
    text: (e) =>
      `${processor(e.destination)} goes on with ${e.token ? 'a new token' : ''}${e.token && e.files ? ' and ' : ''}${e.files ? 'new certificate files' : ''}`,
  },
  event_dead: {
    level: 'error',
    text: (e) => `${processor(e.destination)} put an entry into the dead letters: ${e.reason}: ${e.message}`,
    repeatKey: (e) => `${e.destination} ${e.reason}`,
  },
  insecure_endpoint: {
    level: 'warn',
    text: (e) => `Using lago endpoint_addrs with no TLS is a security risk: ${e.address}`,
  },
  batch_size_lowered: {
    level: 'warn',
    text: (e) =>
      `${processor(e.destination)} sends at most ${e.size} entries a request: Lago takes fewer than configured`,
  },
  started: {
    level: 'info',
    text: (e) =>
      `tailmeter ${e.version} runs with ${e.stateDir}: sources ${e.sources}, destinations ${e.destinations}`,
  },
  recovered: {
    level: 'info',
    text: (e) =>
      `left from the last run: ${e.pendingEvents} events that wait in ${e.chunks} chunks; sealed after its last checkpoint, and taken into the books: ${e.ranges} ranges of logs`,
  },
  stopping: { level: 'info', text: (e) => `stopping on ${e.signal}` },
  stopped: { level: 'info', text: (e) => `stopped; events that wait for the next run: ${e.pendingEvents}` },
};

/** The table's entry for `event`, with the type that belongs to it. */
export function messageOf<E extends TelemetryEvent>(event: E): Message<E> {
  return MESSAGES[event.event] as unknown as Message<E>;
}
