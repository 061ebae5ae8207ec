/**
 * The command line: commands, options, help; errors become one clear message and an exit code.
 * Each command is loaded when it is asked for: `--help` and `status` need no web server.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { isSystemError, TailmeterError } from '../errors.ts';
import type { ReplayRequest } from './replay.ts';
import { VERSION } from './version.ts';

const ALLOW_OLD = 'take times, too, that are older than plausible_age';
const AUDIT_EXIT_CODES =
  'Of audit: 0 no differences, and everything could be looked at; 1 differences, something could not be looked at, or losses that were not acknowledged.';
const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.';

/**
 * Runs one command.
 * @param argv As `process.argv`.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage or configuration.
 */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = buildProgram((result) => {
    code = result;
  });
  process.stdout.on('error', outputFailed);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // Anything else is a bug, and shows where.
    if (!(error instanceof TailmeterError || isSystemError(error))) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof TailmeterError ? error.exitCode : 1;
  }
}

/** A reader such as `head` may have enough; the rest goes nowhere then. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`cannot write the output: ${error.message}\n`);
  process.exit(1);
}

function buildProgram(done: (code: number) => void): Command {
  const program = new Command('tailmeter')
    .description('Meters API gateways: tails their access logs and ships usage events to Lago.')
    .version(VERSION)
    .addHelpText('after', `\n${EXIT_CODES}`)
    .showHelpAfterError('(tailmeter --help shows the commands)')
    .exitOverride();

  const withConfig = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .requiredOption('-c, --config <file>', 'the configuration, YAML or JSON')
      .addHelpText('after', `\n${EXIT_CODES}`);

  withConfig('run', 'follow the configured logs and ship their events until stopped').action(
    async ({ config }: { config: string }) => done(await (await import('./run.ts')).run(config)),
  );

  withConfig('check', 'say whether a configuration is valid; prints every problem').action(
    async ({ config }: { config: string }) => done(await (await import('./check.ts')).check(config)),
  );

  withConfig('preview', 'print the events that logs would give, one per line; changes nothing')
    .argument(
      '[log...]',
      'finished or current logs, plain, .gz or .zst; the configured sources when none is named',
    )
    .option('--source <path>', 'read the logs as those of this configured source')
    .option('--allow-old', ALLOW_OLD)
    .action(async (logs: string[], options: { config: string; source?: string; allowOld?: boolean }) =>
      done(await (await import('./preview.ts')).previewLogs(options.config, logs, options)),
    );

  withConfig('status', 'show positions, counts and the state of delivery; works while nothing runs, too')
    .option('--json', 'as JSON')
    .option('--live', 'fail unless a daemon is running: for health checks')
    .action(async ({ config, json, live }: { config: string; json?: boolean; live?: boolean }) =>
      done(await (await import('./status.ts')).status(config, { json: json ?? false, live: live ?? false })),
    );

  withConfig('audit', 'compare the books with the logs, the queue and the dead letters; changes nothing')
    .option('--online', 'compare with what Lago has, too')
    .option('--json', 'as JSON')
    .option('--acknowledge <id...>', 'only take note of these losses: they are no differences any more')
    .addHelpText('after', AUDIT_EXIT_CODES)
    .action(async ({ config, online, json, acknowledge }: AuditFlags) => {
      const { acknowledgeInBooks, auditBooks } = await import('./audit.ts');
      done(
        acknowledge === undefined
          ? await auditBooks(config, { online: online ?? false, json: json ?? false })
          : await acknowledgeInBooks(config, acknowledge),
      );
    });

  withConfig('replay', 'ship the events of finished logs; what Lago has already counts as a duplicate')
    .argument('<log...>', 'finished logs, plain, .gz or .zst')
    .option('--since <time>', 'only events from this time on (RFC 3339 or Unix seconds)', instant)
    .option('--until <time>', 'only events before this time', instant)
    .option('--source <path>', 'read the logs as those of this configured source')
    .option('--give-up-after <seconds>', 'stop when nothing could be delivered for so long', seconds, 60)
    .option('--allow-old', ALLOW_OLD)
    .option('--accept-damaged', 'bill also what of an archive does not verify, as far as it unpacks, marked')
    .option('--dry-run', 'say what would be sent, and send nothing')
    .action(async (logs: string[], flags: ReplayFlags) =>
      done(await (await import('./replay.ts')).replay(flags.config, logs, replayRequest(flags))),
    );

  program
    .command('sandbox')
    .description('start a local stand-in for Lago, in memory')
    .option('--port <port>', 'where to listen', port, 3000)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (options: { port: number; host: string }) =>
      done(await (await import('./sandbox.ts')).sandbox(options)),
    );

  program
    .command('demo')
    .description('show the whole way, from a local gateway to the usage in a local stand-in for Lago')
    .option('--keep', 'stay up afterwards, to look around')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async ({ keep }: { keep?: boolean }) =>
      done(await (await import('./demo.ts')).demo(keep ?? false)),
    );

  return program;
}

interface AuditFlags {
  readonly config: string;
  readonly online?: boolean;
  readonly json?: boolean;
  readonly acknowledge?: readonly string[];
}

interface ReplayFlags {
  readonly config: string;
  readonly since?: number;
  readonly until?: number;
  readonly source?: string;
  readonly giveUpAfter: number;
  readonly dryRun?: boolean;
  readonly allowOld?: boolean;
  readonly acceptDamaged?: boolean;
}

function replayRequest({
  since,
  until,
  source,
  giveUpAfter,
  dryRun,
  allowOld,
  acceptDamaged,
}: ReplayFlags): ReplayRequest {
  return {
    window: {
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(until === undefined ? {} : { untilMs: until }),
    },
    source,
    giveUpAfterMs: giveUpAfter * 1000,
    dryRun: dryRun ?? false,
    allowOld: allowOld ?? false,
    acceptDamaged: acceptDamaged ?? false,
  };
}

/** Unix ms from RFC 3339 or Unix seconds. */
function instant(text: string): number {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('expected a time such as 2026-11-20T15:00:00Z, or Unix seconds');
  }
  return ms;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('expected a number of seconds');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('expected a port number, 0 to 65535');
  }
  return value;
}
