/** `tailmeter check`: says whether a configuration is valid. */
import { insecureEndpoints } from '../config/checks.ts';
import { clientControlled } from '../map/client-controlled.ts';
import { doubtful } from '../map/doubtful.ts';
import { unboundedValues } from '../map/unbounded.ts';
import { readConfigWithSecrets } from './config-file.ts';
import { refusePackedSources } from './packed-sources.ts';
import { unseenSources } from './unseen-sources.ts';

export async function check(file: string): Promise<number> {
  const config = await readConfigWithSecrets(file);
  await refusePackedSources(file, config);
  for (const address of insecureEndpoints(config)) {
    process.stderr.write(`warning: Using lago endpoint_addrs with no TLS is a security risk: ${address}\n`);
  }
  const warnings = [
    ...clientControlled(config),
    ...doubtful(config),
    ...unboundedValues(config),
    ...(await unseenSources(config)),
  ];
  for (const { path, message } of warnings) {
    process.stderr.write(`warning: ${file}: ${path}: ${message}\n`);
  }
  const { sources, rules, destinations } = config;
  process.stdout.write(
    `${file} is valid: ${sources.length} source(s), ${rules.length} rule(s), ${destinations.length} destination(s)\n`,
  );
  return 0;
}
