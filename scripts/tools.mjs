// Looks for the programs that the tests run beside Node.js, and installs what is missing where it can (apt-get, as root
// or with sudo that asks for no password). Otherwise it stops with the command to run: rather now than in some test.
// Plain JavaScript without dependencies, like setup.mjs.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program: package, as it is called everywhere. */
const PROGRAMS = {
  nginx: 'nginx',
  logrotate: 'logrotate',
  jq: 'jq',
  tar: 'tar',
  gzip: 'gzip',
  bash: 'bash',
  mkfifo: 'coreutils',
};

/** Not in the PATH of a normal user of Debian; the tests look there, too. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** How each system installs packages. */
const INSTALLERS = {
  'apt-get': ['apt-get update', 'apt-get install -y --no-install-recommends'],
  dnf: ['dnf install -y'],
  yum: ['yum install -y'],
  apk: ['apk add'],
  zypper: ['zypper install -y'],
  pacman: ['pacman -S --noconfirm'],
  brew: ['brew install'],
};

const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
const isRoot = process.getuid?.() === 0;

const isThere = (program, folders = path) =>
  folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const missing = () =>
  Object.keys(PROGRAMS).filter((program) => !isThere(program, [...path, ...SYSTEM_FOLDERS]));

const packagesOf = (programs) => [...new Set(programs.map((program) => PROGRAMS[program]))];

/** @param output Where what it says goes: apt's own words belong to stderr, with ours. */
function succeeds([file, ...args], output) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(file, args, { stdio: ['ignore', output, output], env }).status === 0;
}

/** How this user may run apt-get; undefined: not at all. */
function aptGet() {
  if (!isThere('apt-get')) return undefined;
  if (isRoot) return ['apt-get'];
  const withSudo = ['sudo', '-n', 'apt-get'];
  return isThere('sudo') && succeeds([...withSudo, '--version'], 'ignore') ? withSudo : undefined;
}

function install(command, packages) {
  console.error(`setup: installing ${packages.join(', ')} (${command.join(' ')})`);
  // Somebody else may be at it, too.
  const apt = [...command, '-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
  if (!succeeds([...apt, 'update'], 2)) {
    console.error('setup: apt-get update failed; going on with the lists of packages that are there');
  }
  succeeds([...apt, 'install', '-y', '--no-install-recommends', ...packages], 2);
}

function remedy(packages) {
  const [installer, commands] = Object.entries(INSTALLERS).find(([program]) => isThere(program)) ?? [];
  if (installer === undefined) return `install these packages: ${packages.join(' ')}`;
  const sudo = isRoot || installer === 'brew' ? '' : 'sudo ';
  return `run: ${commands.map((command) => sudo + command).join(' && ')} ${packages.join(' ')}`;
}

const wanted = missing();
const apt = wanted.length === 0 ? undefined : aptGet();
if (apt !== undefined) install(apt, packagesOf(wanted));
const left = missing();
if (left.length > 0) {
  const failed = apt === undefined ? '' : ', and installing them failed';
  console.error(`setup: the tests run programs that are not here: ${left.join(', ')}${failed}`);
  console.error(`setup: ${remedy(packagesOf(left))}`);
  process.exit(1);
}
