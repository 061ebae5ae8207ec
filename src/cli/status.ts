/** `tailmeter status`: of the running daemon, or of the state that a stopped one has left. */
import { askOwner } from '../control/owner.ts';
import { statusAtRest, type DestinationStatus, type SourceStatus, type Status } from '../control/status.ts';
import { StateDirError } from '../errors.ts';
import { readConfig } from './config-file.ts';
import { VERSION } from './version.ts';

/** @param live Fail unless a daemon answers: for health checks. */
export async function status(
  file: string,
  { json, live }: { json: boolean; live: boolean },
): Promise<number> {
  const config = await readConfig(file);
  const answer = (await askOwner(config.state_dir)) as Partial<Status> | undefined;
  if (live && answer === undefined) {
    throw new StateDirError(`no tailmeter runs on ${config.state_dir}`);
  }
  // A daemon that is still recovering answers without counts: the files have them.
  const now = answer?.sources === undefined ? await statusAtRest(config, VERSION) : (answer as Status);
  process.stdout.write(json ? `${JSON.stringify(now, undefined, 2)}\n` : statusText(now));
  return 0;
}

function statusText(now: Status): string {
  const rows = [
    now.running
      ? `running (pid ${now.pid}, since ${now.started}, version ${now.version})`
      : `not running; as the last one left it in ${now.state_dir}`,
    '',
  ];
  for (const source of now.sources) rows.push(...sourceRows(source));
  for (const destination of now.destinations) rows.push(...destinationRows(destination));
  const { bytes, max_bytes: max, paused } = now.spool;
  rows.push(
    `spool ${bytes} of ${max} bytes${paused.length > 0 ? `, reading is paused: ${paused.join(', ')}` : ''}`,
  );
  return `${rows.join('\n')}\n`;
}

function sourceRows(from: SourceStatus): string[] {
  const {
    source,
    lines,
    skipped,
    dead,
    mapped,
    repeated,
    nul_bytes: nuls,
    lag_bytes: lag,
    files,
    ignored,
    paths,
    repairs,
  } = from;
  const repaired = Object.values(repairs ?? {}).reduce((sum, count) => sum + count, 0);
  return [
    `source ${source}`,
    `  ${lines} lines = ${skipped} skipped + ${dead} dead + ${mapped} mapped; ${lag} bytes behind`,
    ...(repeated > 0 ? [`  ${repeated} lines gave an id that another line had given shortly before`] : []),
    ...(nuls > 0 ? [`  ${nuls} NUL bytes were skipped, of holes in its files`] : []),
    ...(repaired > 0 ? [`  ${repaired} lines were repaired since the start`] : []),
    ...(paths === null
      ? []
      : [
          `  read since the start: ${paths.skeleton} by skeleton, ${paths.scan} by scan, ${paths.parse} parsed`,
        ]),
    ...(files.length === 0 ? ['  no file to read now'] : []),
    ...files.map(({ path, offset, size }) => `  ${path}: at ${offset} of ${size}`),
    ...ignored.map(({ path, bytes, why }) => `  not billed: ${path} (${bytes} bytes): ${why}`),
  ];
}

function destinationRows(to: DestinationStatus): string[] {
  const endpoints = to.endpoints.map(
    ({ address, breaker, retryAt, held }) =>
      `  ${address}: breaker ${breaker}${retryAt === undefined ? '' : `, next try ${retryAt}`}${held === undefined ? '' : `, held until ${held.retryAt}`}`,
  );
  return [
    `destination ${to.destination}`,
    `  ${to.events} events = ${to.delivered} delivered + ${to.duplicates} duplicates + ${to.dead} dead + ${to.pending} pending; ${to.in_flight} requests in flight`,
    ...endpoints,
    ...(to.held === null ? [] : [`  held until ${to.held.retryAt}: ${to.held.remedy}`]),
    ...to.endpoints.flatMap(({ held }) =>
      held === undefined || held.remedy === to.held?.remedy ? [] : [`  ${held.remedy}`],
    ),
    ...(to.last_error === null ? [] : [`  last error, ${to.last_error.time}: ${to.last_error.message}`]),
  ];
}
