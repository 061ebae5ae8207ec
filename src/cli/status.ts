/** `tailmeter status`: of the running daemon, or of the state that a stopped one has left. */
import { abandonedText } from '../abandoned.ts';
import { askOwner } from '../control/owner.ts';
import type { Config } from '../config/types.ts';
import { statusAtRest, type DestinationStatus, type SourceStatus, type Status } from '../control/status.ts';
import { StateDirError } from '../errors.ts';
import { readConfig } from './config-file.ts';
import { lossText } from './loss-text.ts';
import { VERSION } from './version.ts';

/** Rows of one source: a limit that is reached concerns hundreds of files alike. */
const MOST_UNKNOWN = 10;

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
  if (live && answer?.pid === undefined) {
    throw new StateDirError(`the tailmeter that runs on ${config.state_dir} does not answer`);
  }
  const now = answer?.sources === undefined ? await fromFiles(config, answer) : (answer as Status);
  process.stdout.write(json ? `${JSON.stringify(now, undefined, 2)}\n` : statusText(now));
  return 0;
}

/** A daemon that is still recovering answers without counts: the files have them. */
async function fromFiles(config: Config, answer: Partial<Status> | undefined): Promise<Status> {
  const rest = await statusAtRest(config, VERSION);
  return answer === undefined ? rest : { ...rest, running: true, pid: answer.pid ?? null };
}

function statusText(now: Status): string {
  const rows = [headText(now), ''];
  for (const source of now.sources) rows.push(...sourceRows(source));
  for (const log of now.abandoned) rows.push(`not followed: ${abandonedText(log)}`);
  for (const destination of now.destinations) rows.push(...destinationRows(destination));
  rows.push(...lossRows(now.losses));
  const { bytes, max_bytes: max, paused } = now.spool;
  const { bytes: deadBytes, max_bytes: mostDead, sampling } = now.dead;
  rows.push(
    `dead letters ${deadBytes} of ${mostDead} bytes${sampling ? '; lines that fail are only counted (dead.on_full: sample)' : ''}`,
    `spool ${bytes} of ${max} bytes${paused.length > 0 ? `, reading is paused: ${paused.join(', ')}` : ''}`,
  );
  return `${rows.join('\n')}\n`;
}

function headText({ running, pid, started, version, state_dir: stateDir }: Status): string {
  if (!running) return `not running; as the last one left it in ${stateDir}`;
  if (pid === null) return `running, but it does not answer; as it is in the files of ${stateDir}`;
  return started === null
    ? `starting (pid ${pid}); as the last one left it in ${stateDir}`
    : `running (pid ${pid}, since ${started}, version ${version})`;
}

function sourceRows(from: SourceStatus): string[] {
  const { source, lines, skipped, dead, mapped, repeated, files, unknown, ignored, paths, repairs } = from;
  const { nul_bytes: nuls } = from;
  const repaired = Object.values(repairs ?? {}).reduce((sum, count) => sum + count, 0);
  return [
    `source ${source}`,
    `  ${lines} lines = ${skipped} skipped + ${dead} dead + ${mapped} mapped; ${lagText(from)}`,
    ...(repeated > 0 ? [`  ${repeated} lines gave an id that another line had given shortly before`] : []),
    ...(nuls > 0 ? [`  ${nuls} NUL bytes were skipped, of holes in its files`] : []),
    ...(repaired > 0 ? [`  ${repaired} lines were repaired since the start`] : []),
    ...from.sampled.map(
      ({ reason, letters, ranges }) =>
        `  ${letters} dead letters left out: ${reason}${ranges.map(({ path, from: start, to }) => `\n    in ${path}, bytes ${start} to ${to}`).join('')}`,
    ),
    ...(paths === null
      ? []
      : [
          `  read since the start: ${paths.skeleton} by skeleton, ${paths.scan} by scan, ${paths.parse} parsed`,
        ]),
    ...(files.length === 0 && unknown.length === 0 ? ['  no file to read now'] : []),
    ...files.map(fileText),
    ...unknown.slice(0, MOST_UNKNOWN).map(({ path, reason }) => `  not known: ${path}: ${reason}`),
    ...(unknown.length > MOST_UNKNOWN ? [`  not known: ${unknown.length - MOST_UNKNOWN} more`] : []),
    ...ignored.map(({ path, bytes, why }) => `  not billed: ${path} (${bytes} bytes): ${why}`),
  ];
}

function lagText({ lag_bytes: lag, files, unknown }: SourceStatus): string {
  if (lag === null) return 'how far behind is not known';
  const isAll = unknown.length === 0 && files.every(({ size }) => size !== null);
  return `${isAll ? '' : 'at least '}${lag} bytes behind`;
}

/** What is read is the usual case; the other states stand behind it. */
function fileText({ path, offset, size, state }: SourceStatus['files'][number]): string {
  return `  ${path}: at ${offset} of ${size ?? 'an unknown number'}${state === 'live' ? '' : ` (${state})`}`;
}

function lossRows(losses: Status['losses']): string[] {
  const open = losses.filter(({ acknowledged }) => acknowledged === null);
  const noted = losses.length - open.length;
  return [
    ...open.map((loss) => `LOST ${lossText(loss)}`),
    ...(open.length > 0 ? ['  replay a copy if there is one; then: tailmeter audit --acknowledge ID'] : []),
    ...(noted > 0 ? [`${noted} losses were acknowledged: tailmeter audit lists them`] : []),
  ];
}

function destinationRows(to: DestinationStatus): string[] {
  const endpoints = to.endpoints.map(
    ({ address, breaker, limit, requestsPerSecond, retryAt, held }) =>
      `  ${address}: at most ${limit} in flight${requestsPerSecond === undefined ? '' : `, ${requestsPerSecond} requests a second`}, breaker ${breaker}${retryAt === undefined ? '' : `, next try ${retryAt}`}${held === undefined ? '' : `, held until ${held.retryAt}`}`,
  );
  return [
    `destination ${to.destination}`,
    `  ${to.events} events = ${to.delivered} delivered + ${to.duplicates} duplicates + ${to.dead} dead + ${to.pending} pending; ${to.in_flight} requests in flight`,
    ...(to.lost > 0 ? [`  ${to.lost} of the dead were lost with their chunks: they have no letters`] : []),
    ...endpoints,
    ...(to.suspects === null
      ? []
      : [
          `  ${to.suspects.events} of the pending fail while others do not: they are tried again apart from these${to.suspects.full ? ', and there is no room for more of them' : ''}`,
        ]),
    ...(to.held === null ? [] : [`  held until ${to.held.retryAt}: ${to.held.remedy}`]),
    ...to.endpoints.flatMap(({ held }) =>
      held === undefined || held.remedy === to.held?.remedy ? [] : [`  ${held.remedy}`],
    ),
    ...(to.last_error === null ? [] : [`  last error, ${to.last_error.time}: ${to.last_error.message}`]),
  ];
}
