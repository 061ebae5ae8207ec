/**
 * The configuration file that the demo runs the daemon with: a small real one, for people to read.
 */
import { WALKTHROUGH } from './provision.ts';

export interface DemoPaths {
  readonly stateDir: string;
  readonly logFile: string;
  readonly lagoUrl: string;
  readonly key: string;
}

/** YAML. Waits a second where a real one would wait longer. */
export function demoConfig({ stateDir, logFile, lagoUrl, key }: DemoPaths): string {
  // JSON strings are YAML strings, whatever characters a path has.
  const text = JSON.stringify;
  const { metric } = WALKTHROUGH;
  return `state_dir: ${text(stateDir)}

sources:
  - path: ${text(logFile)}
    format: nginx

rules:
  - name: normal calls
    filter: [["status", ">=", 200], ["status", "<", 400], ["uri", "==", "/get"]]
    event_code: ${metric}
    event_transaction_id: \${request_id}
    event_subscription_id: \${http_x_consumer_username}

  - name: expensive calls
    filter: [["status", ">=", 200], ["status", "<", 400], ["uri", "~~", "^/anything"]]
    event_code: ${metric}
    event_transaction_id: \${request_id}
    event_subscription_id: \${http_x_consumer_username}
    event_properties: { tier: expensive }

match: first

destinations:
  - name: lago
    type: lago
    endpoint_addrs: [${text(lagoUrl)}]
    token: ${text(key)}
    inactive_timeout: 1
    buffer_duration: 1

spool: { min_free_bytes: 0 }
log: { level: warn, format: pretty }
`;
}
