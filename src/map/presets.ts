/**
 * What the shapes that tools write have in common: where the start of the request stands, and which short names their
 * nested fields have. A field of the line always wins over an alias, so a preset hides nothing.
 */
import type { SourceConfig } from '../config/types.ts';

export interface Preset {
  /** Where the default timestamp comes from; undefined when rules must say (`event_timestamp`). */
  readonly start: StartFields | undefined;
  /** Other paths of a variable, in the order in which they are tried. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Strings by which the log says that a variable had no value; templates take them as missing. */
  readonly unset: readonly string[];
}

/** The first of `times` that the line has, less `duration` (seconds) where it has one. */
export interface StartFields {
  readonly times: readonly string[];
  readonly duration?: string;
}

/** The end of the request less its duration: NGINX logs when a request ends. `time` is a common name of `$time_iso8601`. */
const ACCESS_LOG_START: StartFields = {
  times: ['msec', 'time_iso8601', 'time_local', 'time', '@timestamp', 'timestamp'],
  duration: 'request_time',
};

/** NGINX writes a variable without a value as nothing (`escape=json`) or as `-` (`escape=default`). */
const ACCESS_LOG: Preset = {
  start: ACCESS_LOG_START,
  aliases: { method: ['request_method'] },
  unset: ['', '-'],
};

const NESTED_ALIASES = {
  status: ['response.status'],
  method: ['request.method'],
  request_method: ['request.method'],
  request_uri: ['request.uri'],
  request_length: ['request.size'],
  bytes_sent: ['response.size'],
  remote_addr: ['client_ip'],
  consumer_name: ['consumer.username'],
};

/** Variables of APISIX's AI plugins, at `usage` and `model` of the shape at hand. */
function aiAliases(usage: string): Record<string, readonly string[]> {
  return {
    llm_prompt_tokens: [`${usage}prompt_tokens`],
    llm_completion_tokens: [`${usage}completion_tokens`],
    llm_total_tokens: [`${usage}total_tokens`],
  };
}

const PRESETS: Readonly<Record<Extract<SourceConfig['format'], string>, Preset>> = {
  nginx: ACCESS_LOG,
  apisix: ACCESS_LOG,
  'apisix-file-logger': {
    start: { times: ['start_time'] },
    aliases: {
      ...NESTED_ALIASES,
      ...aiAliases('llm_summary.'),
      upstream_addr: ['upstream'],
      hostname: ['server.hostname'],
      llm_model: ['llm_summary.model'],
      request_llm_model: ['llm_summary.request_model'],
      llm_stream: ['llm_summary.stream'],
      llm_end_user_id: ['llm_summary.end_user_id'],
    },
    unset: [],
  },
  'kong-file-log': {
    start: { times: ['started_at'] },
    aliases: {
      ...NESTED_ALIASES,
      ...aiAliases('ai.proxy.usage.'),
      request_id: ['request.id'],
      consumer_id: ['consumer.id'],
      route_id: ['route.id'],
      route_name: ['route.name'],
      service_id: ['service.id'],
      service_name: ['service.name'],
      llm_model: ['ai.proxy.meta.response_model'],
      request_llm_model: ['ai.proxy.meta.request_model'],
    },
    unset: [],
  },
  litellm: {
    start: { times: ['startTime'] },
    aliases: {
      ...aiAliases(''),
      user_id: ['metadata.user_api_key_user_id'],
      team_id: ['metadata.user_api_key_team_id'],
      end_user_id: ['end_user', 'metadata.user_api_key_end_user_id'],
      llm_model: ['model'],
      request_llm_model: ['model_group'],
    },
    unset: [''],
  },
  json: { start: undefined, aliases: {}, unset: [] },
};

/** The preset of a format; a plain-text `log_format` is an NGINX access log. */
export function presetOf(format: SourceConfig['format']): Preset {
  return typeof format === 'string' ? PRESETS[format] : ACCESS_LOG;
}
