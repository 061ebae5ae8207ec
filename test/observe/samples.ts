import type { TelemetryEvent } from '../../src/observe/events.ts';
import type { EventName } from '../../src/observe/messages.ts';

const file = { source: '/var/log/*.log', path: '/var/log/a.log' };
const generation = { ...file, fingerprint: 'f00d' };
const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
const damage = { from: 10, to: 90, unpackedFrom: 70, reason: 'incorrect data check' };

/** One event of each kind. The type holds it complete. */
export const SAMPLES: { readonly [K in EventName]: Extract<TelemetryEvent, { event: K }> } = {
  file_missing: { event: 'file_missing', ...file },
  file_found: { event: 'file_found', ...file, offset: 7 },
  file_unreadable: { event: 'file_unreadable', ...file, error },
  file_readable_again: { event: 'file_readable_again', ...file },
  file_mounted: { event: 'file_mounted', ...file },
  file_detached: { event: 'file_detached', ...file },
  archive_damaged: { event: 'archive_damaged', ...file, ...damage },
  unverified_accepted: { event: 'unverified_accepted', ...file, ...damage },
  archive_unsupported: { event: 'archive_unsupported', ...file, error },
  log_packed: { event: 'log_packed', ...file, error },
  file_claimed_twice: { event: 'file_claimed_twice', ...file, owner: '/var/log/a.*' },
  rotation: { event: 'rotation', ...file, kind: 'renamed' },
  generation_found: { event: 'generation_found', ...generation, offset: 7 },
  generation_ended: { event: 'generation_ended', ...generation, offset: 7 },
  lines_lost: {
    event: 'lines_lost',
    ...generation,
    from: 7,
    to: 9,
    id: '0badcafe',
    reason: 'it is not found in /var/log',
    searched: ['/var/log'],
  },
  file_ignored: {
    event: 'file_ignored',
    ...file,
    bytes: 9,
    why: 'it appeared while /var/log/b.log was not rotated',
    command: 'tailmeter replay --config tailmeter.yaml /var/log/a.log',
  },
  line_dead: { event: 'line_dead', ...file, offset: 7, reason: 'not_json', message: 'no object at byte 0' },
  repeated_id: { event: 'repeated_id', ...file, offset: 7, transactionId: 'a1' },
  hole_skipped: { event: 'hole_skipped', ...file, offset: 7, bytes: 4096 },
  shared_ids: { event: 'shared_ids', ...file, otherPath: '/var/log/b.log', offset: 7, transactionId: 'a1' },
  padded_subscription: {
    event: 'padded_subscription',
    ...file,
    offset: 7,
    subscription: 'acme ',
    events: 2,
  },
  spool_paused: { event: 'spool_paused', cause: 'full', message: 'the spool holds 10 of 10 bytes' },
  letters_sampled: { event: 'letters_sampled', folder: '/state/dead', bytes: 1_048_000, maxBytes: 1_048_576 },
  letters_kept_again: { event: 'letters_kept_again', folder: '/state/dead', bytes: 5000, letters: 12 },
  spool_resumed: { event: 'spool_resumed' },
  chunk_restored: {
    event: 'chunk_restored',
    destination: 'lago',
    file: '/state/quarantine/1.chunk',
    path: '/var/log/a.log',
    events: 2000,
    error,
  },
  chunk_quarantined: { event: 'chunk_quarantined', destination: 'lago', file: '/state/1.chunk', error },
  chunk_too_new: { event: 'chunk_too_new', destination: 'lago', file: '/state/1.chunk', error },
  events_missing: { event: 'events_missing', destination: 'lago', events: 2000 },
  destination_unknown: { event: 'destination_unknown', destination: 'old', chunks: 3, events: 2000 },
  source_unknown: { event: 'source_unknown', ...file, offset: 7 },
  checkpoint_failed: { event: 'checkpoint_failed', error },
  checkpoint_damaged: { event: 'checkpoint_damaged', file: '/state/checkpoint', error },
  batch_failed: {
    event: 'batch_failed',
    destination: 'lago',
    message: 'lago api returned status: 422, body: {"status":422}',
    retryInMs: 1000,
    attempt: 1,
  },
  batch_partly_failed: {
    event: 'batch_partly_failed',
    destination: 'lago',
    message: 'lago api returned status: 422, body: {"status":422}',
    done: 97,
    total: 100,
  },
  retries_exhausted: { event: 'retries_exhausted', destination: 'lago', maxRetryCount: 3, events: 100 },
  endpoint_open: {
    event: 'endpoint_open',
    destination: 'lago',
    address: 'https://lago',
    retryInMs: 1000,
    cause: 'connection refused',
  },
  endpoint_closed: { event: 'endpoint_closed', destination: 'lago', address: 'https://lago' },
  endpoint_held: {
    event: 'endpoint_held',
    destination: 'lago',
    address: 'https://lago',
    retryInMs: 30_000,
    message: 'lago api returned status: 404, body: ',
    remedy: 'https://lago: check endpoint_uri',
  },
  suspects_full: { event: 'suspects_full', destination: 'lago', events: 5000 },
  destination_held: {
    event: 'destination_held',
    destination: 'lago',
    message: 'lago api returned status: 401, body: ',
    remedy: 'check token',
  },
  credentials_renewed: { event: 'credentials_renewed', destination: 'lago', token: true, files: false },
  event_dead: {
    event: 'event_dead',
    destination: 'lago',
    reason: 'rejected',
    message: 'code: value_is_mandatory',
  },
  insecure_endpoint: { event: 'insecure_endpoint', address: 'http://lago' },
  batch_size_lowered: { event: 'batch_size_lowered', destination: 'lago', size: 50 },
  started: { event: 'started', version: '0.1.0', pid: 1, stateDir: '/state', sources: 1, destinations: 1 },
  recovered: { event: 'recovered', pendingEvents: 5, chunks: 1, ranges: 1 },
  stopping: { event: 'stopping', signal: 'SIGTERM' },
  stopped: { event: 'stopped', pendingEvents: 0 },
};

/** A stream that keeps the lines. */
export function collector(): { lines: string[]; write(text: string): void } {
  const lines: string[] = [];
  return { lines, write: (text) => void lines.push(...text.split('\n').slice(0, -1)) };
}
