// @ts-nocheck
/* oxlint-disable */
/**
 * The schema as a function: ajv at work costs 4 MB of memory and 60 ms of CPU time at each start.
 * Generated from `schema.ts` by `npm run generate`; do not edit.
 */
import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';

const require = createRequire(import.meta.url);

/** Checks data against the schema, tells every error, and fills in defaults in place. */
export const validate: ValidateFunction = validate21;
const schema6 = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['sources', 'rules', 'destinations'],
  properties: {
    $schema: { type: 'string' },
    state_dir: { type: 'string', minLength: 1, default: '/var/lib/tailmeter' },
    sources: { type: 'array', minItems: 1, items: { $ref: '#/definitions/SourceConfig' } },
    rules: { type: 'array', minItems: 1, items: { $ref: '#/definitions/RuleConfig' } },
    match: { type: 'string', enum: ['all', 'first'], default: 'all' },
    destinations: { type: 'array', minItems: 1, items: { $ref: '#/definitions/LagoDestinationConfig' } },
    spool: { $ref: '#/definitions/SpoolConfig', default: {} },
    dead: { $ref: '#/definitions/DeadConfig', default: {} },
    log: { $ref: '#/definitions/LogConfig', default: {} },
  },
  definitions: {
    SourceConfig: {
      type: 'object',
      additionalProperties: false,
      required: ['path'],
      properties: {
        path: { type: 'string', minLength: 1 },
        format: {
          default: 'nginx',
          'x-expected':
            'one of nginx, apisix, apisix-file-logger, kong-file-log, litellm, json, or { log_format: "…" }',
          anyOf: [
            {
              type: 'string',
              enum: ['nginx', 'apisix', 'apisix-file-logger', 'kong-file-log', 'litellm', 'json'],
            },
            {
              type: 'object',
              additionalProperties: false,
              required: ['log_format'],
              properties: { log_format: { type: 'string', minLength: 1 } },
            },
          ],
        },
        start_at: { type: 'string', enum: ['beginning', 'end'], default: 'beginning' },
        rotated: { type: 'array', items: { type: 'string', minLength: 1 }, default: [] },
        max_line_bytes: { type: 'integer', minimum: 1024, maximum: 67108864, default: 1048576 },
        id_salt: { type: 'string', minLength: 1 },
        plausible_age: { type: 'number', exclusiveMinimum: 0, maximum: 1000000000000, default: 34560000 },
        plausible_future: { type: 'number', minimum: 0, maximum: 1000000000000, default: 3600 },
        rotate_wait: { type: 'number', minimum: 0, maximum: 3600, default: 5 },
      },
    },
    RuleConfig: {
      type: 'object',
      additionalProperties: false,
      required: ['event_code', 'event_subscription_id'],
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 100,
          'x-filled': true,
          'x-default': '`rule-1`, `rule-2`, … by position',
        },
        filter: { type: 'array' },
        event_code: { type: 'string', minLength: 1 },
        event_transaction_id: { type: 'string', minLength: 1, default: '${log_id}' },
        event_subscription_id: { type: 'string', minLength: 1 },
        event_timestamp: {
          type: 'string',
          minLength: 1,
          'x-default': 'start of the request, as the format of the source gives it',
        },
        event_properties: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
        precise_total_amount_cents: { type: 'string', minLength: 1 },
        to: { type: 'string', minLength: 1, 'x-filled': true, 'x-default': 'the only destination' },
      },
    },
    LagoDestinationConfig: {
      type: 'object',
      additionalProperties: false,
      required: ['endpoint_addrs', 'token'],
      properties: {
        name: {
          type: 'string',
          pattern: '^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$',
          'x-expected':
            'at most 64 letters, digits, spaces, dots, underscores and hyphens, with a letter or digit first and no dot or space last',
          default: 'lago',
        },
        type: { type: 'string', enum: ['lago'], default: 'lago' },
        endpoint_addrs: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'string',
            pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+',
            'x-expected': 'a URL like https://api.getlago.com',
          },
        },
        balance: { type: 'string', enum: ['least_in_flight', 'random'], default: 'least_in_flight' },
        endpoint_uri: {
          type: 'string',
          minLength: 1,
          pattern: '^/',
          'x-expected': 'a path that starts with /',
          default: '/api/v1/events/batch',
        },
        token: {
          type: 'string',
          minLength: 1,
          pattern: '^(?:\\$env://.+|\\$file://.+|[!-~]+)$',
          'x-expected': 'a key of printable ASCII characters without spaces, $env://NAME or $file:///path',
          'x-secret': true,
        },
        answer_check: { type: 'string', enum: ['strict', 'status'], default: 'strict' },
        batch_max_size: {
          type: 'integer',
          minimum: 1,
          maximum: 100,
          'x-why': 'Lago takes no more events in one request',
          default: 100,
        },
        large_event_bytes: { type: 'integer', minimum: 256, default: 2500 },
        inactive_timeout: { type: 'integer', minimum: 1, maximum: 86400, default: 5 },
        buffer_duration: { type: 'integer', minimum: 1, maximum: 86400, default: 60 },
        max_retry_count: { type: 'integer', minimum: 0, 'x-default': 'unlimited' },
        retry_delay: { type: 'integer', minimum: 0, maximum: 86400, default: 1 },
        concurrency: { type: 'integer', minimum: 1, maximum: 256, default: 16 },
        max_requests_per_second: { type: 'number', exclusiveMinimum: 0, 'x-default': 'unlimited' },
        ssl_verify: { type: 'boolean', default: true },
        timeout: { type: 'integer', minimum: 1, maximum: 60000, default: 3000 },
        answer_timeout: { type: 'integer', minimum: 1, maximum: 600000, default: 30000 },
        keepalive: { type: 'boolean', default: true },
        keepalive_timeout: { type: 'integer', minimum: 1000, maximum: 86400000, default: 60000 },
        keepalive_lifetime: { type: 'integer', minimum: 1000, maximum: 86400000, default: 300000 },
        keepalive_pool: { type: 'integer', minimum: 1, default: 5 },
        ca_file: { type: 'string', minLength: 1, 'x-default': "Node's certificate authorities" },
        cert_file: { type: 'string', minLength: 1 },
        key_file: { type: 'string', minLength: 1 },
        proxy: {
          type: 'string',
          pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)',
          'x-expected': 'a URL like http://proxy.internal:3128, $env://NAME, $file:///path or env',
          'x-secret': true,
          'x-default': 'no proxy',
        },
      },
    },
    SpoolConfig: {
      type: 'object',
      additionalProperties: false,
      properties: {
        max_bytes: { type: 'integer', minimum: 1048576, default: 10737418240 },
        min_free_bytes: { type: 'integer', minimum: 0, default: 268435456 },
      },
    },
    DeadConfig: {
      type: 'object',
      additionalProperties: false,
      properties: {
        max_bytes: { type: 'integer', minimum: 1048576, default: 1073741824 },
        on_full: { type: 'string', enum: ['sample', 'pause'], default: 'sample' },
      },
    },
    LogConfig: {
      type: 'object',
      additionalProperties: false,
      properties: {
        level: { type: 'string', enum: ['debug', 'info', 'warn', 'error'], default: 'info' },
        format: { type: 'string', enum: ['json', 'nginx', 'pretty'], default: 'json' },
      },
    },
  },
};
const func2 = Object.prototype.hasOwnProperty;
const func3 = require('ajv/dist/runtime/ucs2length').default;
const schema7 = {
  type: 'object',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { type: 'string', minLength: 1 },
    format: {
      default: 'nginx',
      'x-expected':
        'one of nginx, apisix, apisix-file-logger, kong-file-log, litellm, json, or { log_format: "…" }',
      anyOf: [
        {
          type: 'string',
          enum: ['nginx', 'apisix', 'apisix-file-logger', 'kong-file-log', 'litellm', 'json'],
        },
        {
          type: 'object',
          additionalProperties: false,
          required: ['log_format'],
          properties: { log_format: { type: 'string', minLength: 1 } },
        },
      ],
    },
    start_at: { type: 'string', enum: ['beginning', 'end'], default: 'beginning' },
    rotated: { type: 'array', items: { type: 'string', minLength: 1 }, default: [] },
    max_line_bytes: { type: 'integer', minimum: 1024, maximum: 67108864, default: 1048576 },
    id_salt: { type: 'string', minLength: 1 },
    plausible_age: { type: 'number', exclusiveMinimum: 0, maximum: 1000000000000, default: 34560000 },
    plausible_future: { type: 'number', minimum: 0, maximum: 1000000000000, default: 3600 },
    rotate_wait: { type: 'number', minimum: 0, maximum: 3600, default: 5 },
  },
};

function validate22(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.format === undefined) {
      data.format = 'nginx';
    }
    if (data.start_at === undefined) {
      data.start_at = 'beginning';
    }
    if (data.rotated === undefined) {
      data.rotated = [];
    }
    if (data.max_line_bytes === undefined) {
      data.max_line_bytes = 1048576;
    }
    if (data.plausible_age === undefined) {
      data.plausible_age = 34560000;
    }
    if (data.plausible_future === undefined) {
      data.plausible_future = 3600;
    }
    if (data.rotate_wait === undefined) {
      data.rotate_wait = 5;
    }
    if (data.path === undefined) {
      const err0 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'path' },
        schema: schema7.required,
        parentSchema: schema7,
        data,
      };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    for (const key0 in data) {
      if (!func2.call(schema7.properties, key0)) {
        const err1 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema7,
          data,
        };
        if (vErrors === null) {
          vErrors = [err1];
        } else {
          vErrors.push(err1);
        }
        errors++;
      }
    }
    if (data.path !== undefined) {
      let data0 = data.path;
      if (typeof data0 === 'string') {
        if (func3(data0) < 1) {
          const err2 = {
            instancePath: instancePath + '/path',
            schemaPath: '#/properties/path/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema7.properties.path,
            data: data0,
          };
          if (vErrors === null) {
            vErrors = [err2];
          } else {
            vErrors.push(err2);
          }
          errors++;
        }
      } else {
        const err3 = {
          instancePath: instancePath + '/path',
          schemaPath: '#/properties/path/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema7.properties.path.type,
          parentSchema: schema7.properties.path,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err3];
        } else {
          vErrors.push(err3);
        }
        errors++;
      }
    }
    let data1 = data.format;
    const _errs5 = errors;
    let valid1 = false;
    const _errs6 = errors;
    if (typeof data1 !== 'string') {
      const err4 = {
        instancePath: instancePath + '/format',
        schemaPath: '#/properties/format/anyOf/0/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema7.properties.format.anyOf[0].type,
        parentSchema: schema7.properties.format.anyOf[0],
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err4];
      } else {
        vErrors.push(err4);
      }
      errors++;
    }
    if (!(
      data1 === 'nginx' ||
      data1 === 'apisix' ||
      data1 === 'apisix-file-logger' ||
      data1 === 'kong-file-log' ||
      data1 === 'litellm' ||
      data1 === 'json'
    )) {
      const err5 = {
        instancePath: instancePath + '/format',
        schemaPath: '#/properties/format/anyOf/0/enum',
        keyword: 'enum',
        params: { allowedValues: schema7.properties.format.anyOf[0].enum },
        schema: schema7.properties.format.anyOf[0].enum,
        parentSchema: schema7.properties.format.anyOf[0],
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err5];
      } else {
        vErrors.push(err5);
      }
      errors++;
    }
    var _valid0 = _errs6 === errors;
    valid1 = valid1 || _valid0;
    if (!valid1) {
      const _errs8 = errors;
      if (data1 && typeof data1 == 'object' && !Array.isArray(data1)) {
        if (data1.log_format === undefined) {
          const err6 = {
            instancePath: instancePath + '/format',
            schemaPath: '#/properties/format/anyOf/1/required',
            keyword: 'required',
            params: { missingProperty: 'log_format' },
            schema: schema7.properties.format.anyOf[1].required,
            parentSchema: schema7.properties.format.anyOf[1],
            data: data1,
          };
          if (vErrors === null) {
            vErrors = [err6];
          } else {
            vErrors.push(err6);
          }
          errors++;
        }
        for (const key1 in data1) {
          if (!(key1 === 'log_format')) {
            const err7 = {
              instancePath: instancePath + '/format',
              schemaPath: '#/properties/format/anyOf/1/additionalProperties',
              keyword: 'additionalProperties',
              params: { additionalProperty: key1 },
              schema: false,
              parentSchema: schema7.properties.format.anyOf[1],
              data: data1,
            };
            if (vErrors === null) {
              vErrors = [err7];
            } else {
              vErrors.push(err7);
            }
            errors++;
          }
        }
        if (data1.log_format !== undefined) {
          let data2 = data1.log_format;
          if (typeof data2 === 'string') {
            if (func3(data2) < 1) {
              const err8 = {
                instancePath: instancePath + '/format/log_format',
                schemaPath: '#/properties/format/anyOf/1/properties/log_format/minLength',
                keyword: 'minLength',
                params: { limit: 1 },
                schema: 1,
                parentSchema: schema7.properties.format.anyOf[1].properties.log_format,
                data: data2,
              };
              if (vErrors === null) {
                vErrors = [err8];
              } else {
                vErrors.push(err8);
              }
              errors++;
            }
          } else {
            const err9 = {
              instancePath: instancePath + '/format/log_format',
              schemaPath: '#/properties/format/anyOf/1/properties/log_format/type',
              keyword: 'type',
              params: { type: 'string' },
              schema: schema7.properties.format.anyOf[1].properties.log_format.type,
              parentSchema: schema7.properties.format.anyOf[1].properties.log_format,
              data: data2,
            };
            if (vErrors === null) {
              vErrors = [err9];
            } else {
              vErrors.push(err9);
            }
            errors++;
          }
        }
      } else {
        const err10 = {
          instancePath: instancePath + '/format',
          schemaPath: '#/properties/format/anyOf/1/type',
          keyword: 'type',
          params: { type: 'object' },
          schema: schema7.properties.format.anyOf[1].type,
          parentSchema: schema7.properties.format.anyOf[1],
          data: data1,
        };
        if (vErrors === null) {
          vErrors = [err10];
        } else {
          vErrors.push(err10);
        }
        errors++;
      }
      var _valid0 = _errs8 === errors;
      valid1 = valid1 || _valid0;
    }
    if (!valid1) {
      const err11 = {
        instancePath: instancePath + '/format',
        schemaPath: '#/properties/format/anyOf',
        keyword: 'anyOf',
        params: {},
        schema: schema7.properties.format.anyOf,
        parentSchema: schema7.properties.format,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err11];
      } else {
        vErrors.push(err11);
      }
      errors++;
    } else {
      errors = _errs5;
      if (vErrors !== null) {
        if (_errs5) {
          vErrors.length = _errs5;
        } else {
          vErrors = null;
        }
      }
    }
    let data3 = data.start_at;
    if (typeof data3 !== 'string') {
      const err12 = {
        instancePath: instancePath + '/start_at',
        schemaPath: '#/properties/start_at/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema7.properties.start_at.type,
        parentSchema: schema7.properties.start_at,
        data: data3,
      };
      if (vErrors === null) {
        vErrors = [err12];
      } else {
        vErrors.push(err12);
      }
      errors++;
    }
    if (!(data3 === 'beginning' || data3 === 'end')) {
      const err13 = {
        instancePath: instancePath + '/start_at',
        schemaPath: '#/properties/start_at/enum',
        keyword: 'enum',
        params: { allowedValues: schema7.properties.start_at.enum },
        schema: schema7.properties.start_at.enum,
        parentSchema: schema7.properties.start_at,
        data: data3,
      };
      if (vErrors === null) {
        vErrors = [err13];
      } else {
        vErrors.push(err13);
      }
      errors++;
    }
    let data4 = data.rotated;
    if (Array.isArray(data4)) {
      const len0 = data4.length;
      for (let i0 = 0; i0 < len0; i0++) {
        let data5 = data4[i0];
        if (typeof data5 === 'string') {
          if (func3(data5) < 1) {
            const err14 = {
              instancePath: instancePath + '/rotated/' + i0,
              schemaPath: '#/properties/rotated/items/minLength',
              keyword: 'minLength',
              params: { limit: 1 },
              schema: 1,
              parentSchema: schema7.properties.rotated.items,
              data: data5,
            };
            if (vErrors === null) {
              vErrors = [err14];
            } else {
              vErrors.push(err14);
            }
            errors++;
          }
        } else {
          const err15 = {
            instancePath: instancePath + '/rotated/' + i0,
            schemaPath: '#/properties/rotated/items/type',
            keyword: 'type',
            params: { type: 'string' },
            schema: schema7.properties.rotated.items.type,
            parentSchema: schema7.properties.rotated.items,
            data: data5,
          };
          if (vErrors === null) {
            vErrors = [err15];
          } else {
            vErrors.push(err15);
          }
          errors++;
        }
      }
    } else {
      const err16 = {
        instancePath: instancePath + '/rotated',
        schemaPath: '#/properties/rotated/type',
        keyword: 'type',
        params: { type: 'array' },
        schema: schema7.properties.rotated.type,
        parentSchema: schema7.properties.rotated,
        data: data4,
      };
      if (vErrors === null) {
        vErrors = [err16];
      } else {
        vErrors.push(err16);
      }
      errors++;
    }
    let data6 = data.max_line_bytes;
    if (!(typeof data6 == 'number' && !(data6 % 1) && !isNaN(data6) && isFinite(data6))) {
      const err17 = {
        instancePath: instancePath + '/max_line_bytes',
        schemaPath: '#/properties/max_line_bytes/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema7.properties.max_line_bytes.type,
        parentSchema: schema7.properties.max_line_bytes,
        data: data6,
      };
      if (vErrors === null) {
        vErrors = [err17];
      } else {
        vErrors.push(err17);
      }
      errors++;
    }
    if (typeof data6 == 'number' && isFinite(data6)) {
      if (data6 > 67108864 || isNaN(data6)) {
        const err18 = {
          instancePath: instancePath + '/max_line_bytes',
          schemaPath: '#/properties/max_line_bytes/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 67108864 },
          schema: 67108864,
          parentSchema: schema7.properties.max_line_bytes,
          data: data6,
        };
        if (vErrors === null) {
          vErrors = [err18];
        } else {
          vErrors.push(err18);
        }
        errors++;
      }
      if (data6 < 1024 || isNaN(data6)) {
        const err19 = {
          instancePath: instancePath + '/max_line_bytes',
          schemaPath: '#/properties/max_line_bytes/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1024 },
          schema: 1024,
          parentSchema: schema7.properties.max_line_bytes,
          data: data6,
        };
        if (vErrors === null) {
          vErrors = [err19];
        } else {
          vErrors.push(err19);
        }
        errors++;
      }
    }
    if (data.id_salt !== undefined) {
      let data7 = data.id_salt;
      if (typeof data7 === 'string') {
        if (func3(data7) < 1) {
          const err20 = {
            instancePath: instancePath + '/id_salt',
            schemaPath: '#/properties/id_salt/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema7.properties.id_salt,
            data: data7,
          };
          if (vErrors === null) {
            vErrors = [err20];
          } else {
            vErrors.push(err20);
          }
          errors++;
        }
      } else {
        const err21 = {
          instancePath: instancePath + '/id_salt',
          schemaPath: '#/properties/id_salt/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema7.properties.id_salt.type,
          parentSchema: schema7.properties.id_salt,
          data: data7,
        };
        if (vErrors === null) {
          vErrors = [err21];
        } else {
          vErrors.push(err21);
        }
        errors++;
      }
    }
    let data8 = data.plausible_age;
    if (typeof data8 == 'number' && isFinite(data8)) {
      if (data8 > 1000000000000 || isNaN(data8)) {
        const err22 = {
          instancePath: instancePath + '/plausible_age',
          schemaPath: '#/properties/plausible_age/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 1000000000000 },
          schema: 1000000000000,
          parentSchema: schema7.properties.plausible_age,
          data: data8,
        };
        if (vErrors === null) {
          vErrors = [err22];
        } else {
          vErrors.push(err22);
        }
        errors++;
      }
      if (data8 <= 0 || isNaN(data8)) {
        const err23 = {
          instancePath: instancePath + '/plausible_age',
          schemaPath: '#/properties/plausible_age/exclusiveMinimum',
          keyword: 'exclusiveMinimum',
          params: { comparison: '>', limit: 0 },
          schema: 0,
          parentSchema: schema7.properties.plausible_age,
          data: data8,
        };
        if (vErrors === null) {
          vErrors = [err23];
        } else {
          vErrors.push(err23);
        }
        errors++;
      }
    } else {
      const err24 = {
        instancePath: instancePath + '/plausible_age',
        schemaPath: '#/properties/plausible_age/type',
        keyword: 'type',
        params: { type: 'number' },
        schema: schema7.properties.plausible_age.type,
        parentSchema: schema7.properties.plausible_age,
        data: data8,
      };
      if (vErrors === null) {
        vErrors = [err24];
      } else {
        vErrors.push(err24);
      }
      errors++;
    }
    let data9 = data.plausible_future;
    if (typeof data9 == 'number' && isFinite(data9)) {
      if (data9 > 1000000000000 || isNaN(data9)) {
        const err25 = {
          instancePath: instancePath + '/plausible_future',
          schemaPath: '#/properties/plausible_future/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 1000000000000 },
          schema: 1000000000000,
          parentSchema: schema7.properties.plausible_future,
          data: data9,
        };
        if (vErrors === null) {
          vErrors = [err25];
        } else {
          vErrors.push(err25);
        }
        errors++;
      }
      if (data9 < 0 || isNaN(data9)) {
        const err26 = {
          instancePath: instancePath + '/plausible_future',
          schemaPath: '#/properties/plausible_future/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 0 },
          schema: 0,
          parentSchema: schema7.properties.plausible_future,
          data: data9,
        };
        if (vErrors === null) {
          vErrors = [err26];
        } else {
          vErrors.push(err26);
        }
        errors++;
      }
    } else {
      const err27 = {
        instancePath: instancePath + '/plausible_future',
        schemaPath: '#/properties/plausible_future/type',
        keyword: 'type',
        params: { type: 'number' },
        schema: schema7.properties.plausible_future.type,
        parentSchema: schema7.properties.plausible_future,
        data: data9,
      };
      if (vErrors === null) {
        vErrors = [err27];
      } else {
        vErrors.push(err27);
      }
      errors++;
    }
    let data10 = data.rotate_wait;
    if (typeof data10 == 'number' && isFinite(data10)) {
      if (data10 > 3600 || isNaN(data10)) {
        const err28 = {
          instancePath: instancePath + '/rotate_wait',
          schemaPath: '#/properties/rotate_wait/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 3600 },
          schema: 3600,
          parentSchema: schema7.properties.rotate_wait,
          data: data10,
        };
        if (vErrors === null) {
          vErrors = [err28];
        } else {
          vErrors.push(err28);
        }
        errors++;
      }
      if (data10 < 0 || isNaN(data10)) {
        const err29 = {
          instancePath: instancePath + '/rotate_wait',
          schemaPath: '#/properties/rotate_wait/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 0 },
          schema: 0,
          parentSchema: schema7.properties.rotate_wait,
          data: data10,
        };
        if (vErrors === null) {
          vErrors = [err29];
        } else {
          vErrors.push(err29);
        }
        errors++;
      }
    } else {
      const err30 = {
        instancePath: instancePath + '/rotate_wait',
        schemaPath: '#/properties/rotate_wait/type',
        keyword: 'type',
        params: { type: 'number' },
        schema: schema7.properties.rotate_wait.type,
        parentSchema: schema7.properties.rotate_wait,
        data: data10,
      };
      if (vErrors === null) {
        vErrors = [err30];
      } else {
        vErrors.push(err30);
      }
      errors++;
    }
  } else {
    const err31 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema7.type,
      parentSchema: schema7,
      data,
    };
    if (vErrors === null) {
      vErrors = [err31];
    } else {
      vErrors.push(err31);
    }
    errors++;
  }
  validate22.errors = vErrors;
  return errors === 0;
}

const schema8 = {
  type: 'object',
  additionalProperties: false,
  required: ['event_code', 'event_subscription_id'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      'x-filled': true,
      'x-default': '`rule-1`, `rule-2`, … by position',
    },
    filter: { type: 'array' },
    event_code: { type: 'string', minLength: 1 },
    event_transaction_id: { type: 'string', minLength: 1, default: '${log_id}' },
    event_subscription_id: { type: 'string', minLength: 1 },
    event_timestamp: {
      type: 'string',
      minLength: 1,
      'x-default': 'start of the request, as the format of the source gives it',
    },
    event_properties: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
    precise_total_amount_cents: { type: 'string', minLength: 1 },
    to: { type: 'string', minLength: 1, 'x-filled': true, 'x-default': 'the only destination' },
  },
};

function validate24(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.event_transaction_id === undefined) {
      data.event_transaction_id = '${log_id}';
    }
    if (data.event_code === undefined) {
      const err0 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'event_code' },
        schema: schema8.required,
        parentSchema: schema8,
        data,
      };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    if (data.event_subscription_id === undefined) {
      const err1 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'event_subscription_id' },
        schema: schema8.required,
        parentSchema: schema8,
        data,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    for (const key0 in data) {
      if (!func2.call(schema8.properties, key0)) {
        const err2 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema8,
          data,
        };
        if (vErrors === null) {
          vErrors = [err2];
        } else {
          vErrors.push(err2);
        }
        errors++;
      }
    }
    if (data.name !== undefined) {
      let data0 = data.name;
      if (typeof data0 === 'string') {
        if (func3(data0) > 100) {
          const err3 = {
            instancePath: instancePath + '/name',
            schemaPath: '#/properties/name/maxLength',
            keyword: 'maxLength',
            params: { limit: 100 },
            schema: 100,
            parentSchema: schema8.properties.name,
            data: data0,
          };
          if (vErrors === null) {
            vErrors = [err3];
          } else {
            vErrors.push(err3);
          }
          errors++;
        }
        if (func3(data0) < 1) {
          const err4 = {
            instancePath: instancePath + '/name',
            schemaPath: '#/properties/name/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.name,
            data: data0,
          };
          if (vErrors === null) {
            vErrors = [err4];
          } else {
            vErrors.push(err4);
          }
          errors++;
        }
      } else {
        const err5 = {
          instancePath: instancePath + '/name',
          schemaPath: '#/properties/name/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.name.type,
          parentSchema: schema8.properties.name,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err5];
        } else {
          vErrors.push(err5);
        }
        errors++;
      }
    }
    if (data.filter !== undefined) {
      let data1 = data.filter;
      if (!Array.isArray(data1)) {
        const err6 = {
          instancePath: instancePath + '/filter',
          schemaPath: '#/properties/filter/type',
          keyword: 'type',
          params: { type: 'array' },
          schema: schema8.properties.filter.type,
          parentSchema: schema8.properties.filter,
          data: data1,
        };
        if (vErrors === null) {
          vErrors = [err6];
        } else {
          vErrors.push(err6);
        }
        errors++;
      }
    }
    if (data.event_code !== undefined) {
      let data2 = data.event_code;
      if (typeof data2 === 'string') {
        if (func3(data2) < 1) {
          const err7 = {
            instancePath: instancePath + '/event_code',
            schemaPath: '#/properties/event_code/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.event_code,
            data: data2,
          };
          if (vErrors === null) {
            vErrors = [err7];
          } else {
            vErrors.push(err7);
          }
          errors++;
        }
      } else {
        const err8 = {
          instancePath: instancePath + '/event_code',
          schemaPath: '#/properties/event_code/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.event_code.type,
          parentSchema: schema8.properties.event_code,
          data: data2,
        };
        if (vErrors === null) {
          vErrors = [err8];
        } else {
          vErrors.push(err8);
        }
        errors++;
      }
    }
    let data3 = data.event_transaction_id;
    if (typeof data3 === 'string') {
      if (func3(data3) < 1) {
        const err9 = {
          instancePath: instancePath + '/event_transaction_id',
          schemaPath: '#/properties/event_transaction_id/minLength',
          keyword: 'minLength',
          params: { limit: 1 },
          schema: 1,
          parentSchema: schema8.properties.event_transaction_id,
          data: data3,
        };
        if (vErrors === null) {
          vErrors = [err9];
        } else {
          vErrors.push(err9);
        }
        errors++;
      }
    } else {
      const err10 = {
        instancePath: instancePath + '/event_transaction_id',
        schemaPath: '#/properties/event_transaction_id/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema8.properties.event_transaction_id.type,
        parentSchema: schema8.properties.event_transaction_id,
        data: data3,
      };
      if (vErrors === null) {
        vErrors = [err10];
      } else {
        vErrors.push(err10);
      }
      errors++;
    }
    if (data.event_subscription_id !== undefined) {
      let data4 = data.event_subscription_id;
      if (typeof data4 === 'string') {
        if (func3(data4) < 1) {
          const err11 = {
            instancePath: instancePath + '/event_subscription_id',
            schemaPath: '#/properties/event_subscription_id/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.event_subscription_id,
            data: data4,
          };
          if (vErrors === null) {
            vErrors = [err11];
          } else {
            vErrors.push(err11);
          }
          errors++;
        }
      } else {
        const err12 = {
          instancePath: instancePath + '/event_subscription_id',
          schemaPath: '#/properties/event_subscription_id/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.event_subscription_id.type,
          parentSchema: schema8.properties.event_subscription_id,
          data: data4,
        };
        if (vErrors === null) {
          vErrors = [err12];
        } else {
          vErrors.push(err12);
        }
        errors++;
      }
    }
    if (data.event_timestamp !== undefined) {
      let data5 = data.event_timestamp;
      if (typeof data5 === 'string') {
        if (func3(data5) < 1) {
          const err13 = {
            instancePath: instancePath + '/event_timestamp',
            schemaPath: '#/properties/event_timestamp/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.event_timestamp,
            data: data5,
          };
          if (vErrors === null) {
            vErrors = [err13];
          } else {
            vErrors.push(err13);
          }
          errors++;
        }
      } else {
        const err14 = {
          instancePath: instancePath + '/event_timestamp',
          schemaPath: '#/properties/event_timestamp/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.event_timestamp.type,
          parentSchema: schema8.properties.event_timestamp,
          data: data5,
        };
        if (vErrors === null) {
          vErrors = [err14];
        } else {
          vErrors.push(err14);
        }
        errors++;
      }
    }
    if (data.event_properties !== undefined) {
      let data6 = data.event_properties;
      if (data6 && typeof data6 == 'object' && !Array.isArray(data6)) {
        for (const key1 in data6) {
          let data7 = data6[key1];
          if (typeof data7 === 'string') {
            if (func3(data7) < 1) {
              const err15 = {
                instancePath:
                  instancePath + '/event_properties/' + key1.replace(/~/g, '~0').replace(/\//g, '~1'),
                schemaPath: '#/properties/event_properties/additionalProperties/minLength',
                keyword: 'minLength',
                params: { limit: 1 },
                schema: 1,
                parentSchema: schema8.properties.event_properties.additionalProperties,
                data: data7,
              };
              if (vErrors === null) {
                vErrors = [err15];
              } else {
                vErrors.push(err15);
              }
              errors++;
            }
          } else {
            const err16 = {
              instancePath:
                instancePath + '/event_properties/' + key1.replace(/~/g, '~0').replace(/\//g, '~1'),
              schemaPath: '#/properties/event_properties/additionalProperties/type',
              keyword: 'type',
              params: { type: 'string' },
              schema: schema8.properties.event_properties.additionalProperties.type,
              parentSchema: schema8.properties.event_properties.additionalProperties,
              data: data7,
            };
            if (vErrors === null) {
              vErrors = [err16];
            } else {
              vErrors.push(err16);
            }
            errors++;
          }
        }
      } else {
        const err17 = {
          instancePath: instancePath + '/event_properties',
          schemaPath: '#/properties/event_properties/type',
          keyword: 'type',
          params: { type: 'object' },
          schema: schema8.properties.event_properties.type,
          parentSchema: schema8.properties.event_properties,
          data: data6,
        };
        if (vErrors === null) {
          vErrors = [err17];
        } else {
          vErrors.push(err17);
        }
        errors++;
      }
    }
    if (data.precise_total_amount_cents !== undefined) {
      let data8 = data.precise_total_amount_cents;
      if (typeof data8 === 'string') {
        if (func3(data8) < 1) {
          const err18 = {
            instancePath: instancePath + '/precise_total_amount_cents',
            schemaPath: '#/properties/precise_total_amount_cents/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.precise_total_amount_cents,
            data: data8,
          };
          if (vErrors === null) {
            vErrors = [err18];
          } else {
            vErrors.push(err18);
          }
          errors++;
        }
      } else {
        const err19 = {
          instancePath: instancePath + '/precise_total_amount_cents',
          schemaPath: '#/properties/precise_total_amount_cents/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.precise_total_amount_cents.type,
          parentSchema: schema8.properties.precise_total_amount_cents,
          data: data8,
        };
        if (vErrors === null) {
          vErrors = [err19];
        } else {
          vErrors.push(err19);
        }
        errors++;
      }
    }
    if (data.to !== undefined) {
      let data9 = data.to;
      if (typeof data9 === 'string') {
        if (func3(data9) < 1) {
          const err20 = {
            instancePath: instancePath + '/to',
            schemaPath: '#/properties/to/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema8.properties.to,
            data: data9,
          };
          if (vErrors === null) {
            vErrors = [err20];
          } else {
            vErrors.push(err20);
          }
          errors++;
        }
      } else {
        const err21 = {
          instancePath: instancePath + '/to',
          schemaPath: '#/properties/to/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema8.properties.to.type,
          parentSchema: schema8.properties.to,
          data: data9,
        };
        if (vErrors === null) {
          vErrors = [err21];
        } else {
          vErrors.push(err21);
        }
        errors++;
      }
    }
  } else {
    const err22 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema8.type,
      parentSchema: schema8,
      data,
    };
    if (vErrors === null) {
      vErrors = [err22];
    } else {
      vErrors.push(err22);
    }
    errors++;
  }
  validate24.errors = vErrors;
  return errors === 0;
}

const schema9 = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint_addrs', 'token'],
  properties: {
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$',
      'x-expected':
        'at most 64 letters, digits, spaces, dots, underscores and hyphens, with a letter or digit first and no dot or space last',
      default: 'lago',
    },
    type: { type: 'string', enum: ['lago'], default: 'lago' },
    endpoint_addrs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'string',
        pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+',
        'x-expected': 'a URL like https://api.getlago.com',
      },
    },
    balance: { type: 'string', enum: ['least_in_flight', 'random'], default: 'least_in_flight' },
    endpoint_uri: {
      type: 'string',
      minLength: 1,
      pattern: '^/',
      'x-expected': 'a path that starts with /',
      default: '/api/v1/events/batch',
    },
    token: {
      type: 'string',
      minLength: 1,
      pattern: '^(?:\\$env://.+|\\$file://.+|[!-~]+)$',
      'x-expected': 'a key of printable ASCII characters without spaces, $env://NAME or $file:///path',
      'x-secret': true,
    },
    answer_check: { type: 'string', enum: ['strict', 'status'], default: 'strict' },
    batch_max_size: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      'x-why': 'Lago takes no more events in one request',
      default: 100,
    },
    large_event_bytes: { type: 'integer', minimum: 256, default: 2500 },
    inactive_timeout: { type: 'integer', minimum: 1, maximum: 86400, default: 5 },
    buffer_duration: { type: 'integer', minimum: 1, maximum: 86400, default: 60 },
    max_retry_count: { type: 'integer', minimum: 0, 'x-default': 'unlimited' },
    retry_delay: { type: 'integer', minimum: 0, maximum: 86400, default: 1 },
    concurrency: { type: 'integer', minimum: 1, maximum: 256, default: 16 },
    max_requests_per_second: { type: 'number', exclusiveMinimum: 0, 'x-default': 'unlimited' },
    ssl_verify: { type: 'boolean', default: true },
    timeout: { type: 'integer', minimum: 1, maximum: 60000, default: 3000 },
    answer_timeout: { type: 'integer', minimum: 1, maximum: 600000, default: 30000 },
    keepalive: { type: 'boolean', default: true },
    keepalive_timeout: { type: 'integer', minimum: 1000, maximum: 86400000, default: 60000 },
    keepalive_lifetime: { type: 'integer', minimum: 1000, maximum: 86400000, default: 300000 },
    keepalive_pool: { type: 'integer', minimum: 1, default: 5 },
    ca_file: { type: 'string', minLength: 1, 'x-default': "Node's certificate authorities" },
    cert_file: { type: 'string', minLength: 1 },
    key_file: { type: 'string', minLength: 1 },
    proxy: {
      type: 'string',
      pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)',
      'x-expected': 'a URL like http://proxy.internal:3128, $env://NAME, $file:///path or env',
      'x-secret': true,
      'x-default': 'no proxy',
    },
  },
};
const pattern0 = new RegExp('^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$', 'u');
const pattern1 = new RegExp('^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+', 'u');
const pattern2 = new RegExp('^/', 'u');
const pattern3 = new RegExp('^(?:\\$env://.+|\\$file://.+|[!-~]+)$', 'u');
const pattern4 = new RegExp('^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)', 'u');

function validate26(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.name === undefined) {
      data.name = 'lago';
    }
    if (data.type === undefined) {
      data.type = 'lago';
    }
    if (data.balance === undefined) {
      data.balance = 'least_in_flight';
    }
    if (data.endpoint_uri === undefined) {
      data.endpoint_uri = '/api/v1/events/batch';
    }
    if (data.answer_check === undefined) {
      data.answer_check = 'strict';
    }
    if (data.batch_max_size === undefined) {
      data.batch_max_size = 100;
    }
    if (data.large_event_bytes === undefined) {
      data.large_event_bytes = 2500;
    }
    if (data.inactive_timeout === undefined) {
      data.inactive_timeout = 5;
    }
    if (data.buffer_duration === undefined) {
      data.buffer_duration = 60;
    }
    if (data.retry_delay === undefined) {
      data.retry_delay = 1;
    }
    if (data.concurrency === undefined) {
      data.concurrency = 16;
    }
    if (data.ssl_verify === undefined) {
      data.ssl_verify = true;
    }
    if (data.timeout === undefined) {
      data.timeout = 3000;
    }
    if (data.answer_timeout === undefined) {
      data.answer_timeout = 30000;
    }
    if (data.keepalive === undefined) {
      data.keepalive = true;
    }
    if (data.keepalive_timeout === undefined) {
      data.keepalive_timeout = 60000;
    }
    if (data.keepalive_lifetime === undefined) {
      data.keepalive_lifetime = 300000;
    }
    if (data.keepalive_pool === undefined) {
      data.keepalive_pool = 5;
    }
    if (data.endpoint_addrs === undefined) {
      const err0 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'endpoint_addrs' },
        schema: schema9.required,
        parentSchema: schema9,
        data,
      };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    if (data.token === undefined) {
      const err1 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'token' },
        schema: schema9.required,
        parentSchema: schema9,
        data,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    for (const key0 in data) {
      if (!func2.call(schema9.properties, key0)) {
        const err2 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema9,
          data,
        };
        if (vErrors === null) {
          vErrors = [err2];
        } else {
          vErrors.push(err2);
        }
        errors++;
      }
    }
    let data0 = data.name;
    if (typeof data0 === 'string') {
      if (!pattern0.test(data0)) {
        const err3 = {
          instancePath: instancePath + '/name',
          schemaPath: '#/properties/name/pattern',
          keyword: 'pattern',
          params: { pattern: '^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$' },
          schema: '^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$',
          parentSchema: schema9.properties.name,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err3];
        } else {
          vErrors.push(err3);
        }
        errors++;
      }
    } else {
      const err4 = {
        instancePath: instancePath + '/name',
        schemaPath: '#/properties/name/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema9.properties.name.type,
        parentSchema: schema9.properties.name,
        data: data0,
      };
      if (vErrors === null) {
        vErrors = [err4];
      } else {
        vErrors.push(err4);
      }
      errors++;
    }
    let data1 = data.type;
    if (typeof data1 !== 'string') {
      const err5 = {
        instancePath: instancePath + '/type',
        schemaPath: '#/properties/type/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema9.properties.type.type,
        parentSchema: schema9.properties.type,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err5];
      } else {
        vErrors.push(err5);
      }
      errors++;
    }
    if (!(data1 === 'lago')) {
      const err6 = {
        instancePath: instancePath + '/type',
        schemaPath: '#/properties/type/enum',
        keyword: 'enum',
        params: { allowedValues: schema9.properties.type.enum },
        schema: schema9.properties.type.enum,
        parentSchema: schema9.properties.type,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err6];
      } else {
        vErrors.push(err6);
      }
      errors++;
    }
    if (data.endpoint_addrs !== undefined) {
      let data2 = data.endpoint_addrs;
      if (Array.isArray(data2)) {
        if (data2.length < 1) {
          const err7 = {
            instancePath: instancePath + '/endpoint_addrs',
            schemaPath: '#/properties/endpoint_addrs/minItems',
            keyword: 'minItems',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema9.properties.endpoint_addrs,
            data: data2,
          };
          if (vErrors === null) {
            vErrors = [err7];
          } else {
            vErrors.push(err7);
          }
          errors++;
        }
        const len0 = data2.length;
        for (let i0 = 0; i0 < len0; i0++) {
          let data3 = data2[i0];
          if (typeof data3 === 'string') {
            if (!pattern1.test(data3)) {
              const err8 = {
                instancePath: instancePath + '/endpoint_addrs/' + i0,
                schemaPath: '#/properties/endpoint_addrs/items/pattern',
                keyword: 'pattern',
                params: { pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+' },
                schema: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+',
                parentSchema: schema9.properties.endpoint_addrs.items,
                data: data3,
              };
              if (vErrors === null) {
                vErrors = [err8];
              } else {
                vErrors.push(err8);
              }
              errors++;
            }
          } else {
            const err9 = {
              instancePath: instancePath + '/endpoint_addrs/' + i0,
              schemaPath: '#/properties/endpoint_addrs/items/type',
              keyword: 'type',
              params: { type: 'string' },
              schema: schema9.properties.endpoint_addrs.items.type,
              parentSchema: schema9.properties.endpoint_addrs.items,
              data: data3,
            };
            if (vErrors === null) {
              vErrors = [err9];
            } else {
              vErrors.push(err9);
            }
            errors++;
          }
        }
      } else {
        const err10 = {
          instancePath: instancePath + '/endpoint_addrs',
          schemaPath: '#/properties/endpoint_addrs/type',
          keyword: 'type',
          params: { type: 'array' },
          schema: schema9.properties.endpoint_addrs.type,
          parentSchema: schema9.properties.endpoint_addrs,
          data: data2,
        };
        if (vErrors === null) {
          vErrors = [err10];
        } else {
          vErrors.push(err10);
        }
        errors++;
      }
    }
    let data4 = data.balance;
    if (typeof data4 !== 'string') {
      const err11 = {
        instancePath: instancePath + '/balance',
        schemaPath: '#/properties/balance/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema9.properties.balance.type,
        parentSchema: schema9.properties.balance,
        data: data4,
      };
      if (vErrors === null) {
        vErrors = [err11];
      } else {
        vErrors.push(err11);
      }
      errors++;
    }
    if (!(data4 === 'least_in_flight' || data4 === 'random')) {
      const err12 = {
        instancePath: instancePath + '/balance',
        schemaPath: '#/properties/balance/enum',
        keyword: 'enum',
        params: { allowedValues: schema9.properties.balance.enum },
        schema: schema9.properties.balance.enum,
        parentSchema: schema9.properties.balance,
        data: data4,
      };
      if (vErrors === null) {
        vErrors = [err12];
      } else {
        vErrors.push(err12);
      }
      errors++;
    }
    let data5 = data.endpoint_uri;
    if (typeof data5 === 'string') {
      if (func3(data5) < 1) {
        const err13 = {
          instancePath: instancePath + '/endpoint_uri',
          schemaPath: '#/properties/endpoint_uri/minLength',
          keyword: 'minLength',
          params: { limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.endpoint_uri,
          data: data5,
        };
        if (vErrors === null) {
          vErrors = [err13];
        } else {
          vErrors.push(err13);
        }
        errors++;
      }
      if (!pattern2.test(data5)) {
        const err14 = {
          instancePath: instancePath + '/endpoint_uri',
          schemaPath: '#/properties/endpoint_uri/pattern',
          keyword: 'pattern',
          params: { pattern: '^/' },
          schema: '^/',
          parentSchema: schema9.properties.endpoint_uri,
          data: data5,
        };
        if (vErrors === null) {
          vErrors = [err14];
        } else {
          vErrors.push(err14);
        }
        errors++;
      }
    } else {
      const err15 = {
        instancePath: instancePath + '/endpoint_uri',
        schemaPath: '#/properties/endpoint_uri/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema9.properties.endpoint_uri.type,
        parentSchema: schema9.properties.endpoint_uri,
        data: data5,
      };
      if (vErrors === null) {
        vErrors = [err15];
      } else {
        vErrors.push(err15);
      }
      errors++;
    }
    if (data.token !== undefined) {
      let data6 = data.token;
      if (typeof data6 === 'string') {
        if (func3(data6) < 1) {
          const err16 = {
            instancePath: instancePath + '/token',
            schemaPath: '#/properties/token/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema9.properties.token,
            data: data6,
          };
          if (vErrors === null) {
            vErrors = [err16];
          } else {
            vErrors.push(err16);
          }
          errors++;
        }
        if (!pattern3.test(data6)) {
          const err17 = {
            instancePath: instancePath + '/token',
            schemaPath: '#/properties/token/pattern',
            keyword: 'pattern',
            params: { pattern: '^(?:\\$env://.+|\\$file://.+|[!-~]+)$' },
            schema: '^(?:\\$env://.+|\\$file://.+|[!-~]+)$',
            parentSchema: schema9.properties.token,
            data: data6,
          };
          if (vErrors === null) {
            vErrors = [err17];
          } else {
            vErrors.push(err17);
          }
          errors++;
        }
      } else {
        const err18 = {
          instancePath: instancePath + '/token',
          schemaPath: '#/properties/token/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema9.properties.token.type,
          parentSchema: schema9.properties.token,
          data: data6,
        };
        if (vErrors === null) {
          vErrors = [err18];
        } else {
          vErrors.push(err18);
        }
        errors++;
      }
    }
    let data7 = data.answer_check;
    if (typeof data7 !== 'string') {
      const err19 = {
        instancePath: instancePath + '/answer_check',
        schemaPath: '#/properties/answer_check/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema9.properties.answer_check.type,
        parentSchema: schema9.properties.answer_check,
        data: data7,
      };
      if (vErrors === null) {
        vErrors = [err19];
      } else {
        vErrors.push(err19);
      }
      errors++;
    }
    if (!(data7 === 'strict' || data7 === 'status')) {
      const err20 = {
        instancePath: instancePath + '/answer_check',
        schemaPath: '#/properties/answer_check/enum',
        keyword: 'enum',
        params: { allowedValues: schema9.properties.answer_check.enum },
        schema: schema9.properties.answer_check.enum,
        parentSchema: schema9.properties.answer_check,
        data: data7,
      };
      if (vErrors === null) {
        vErrors = [err20];
      } else {
        vErrors.push(err20);
      }
      errors++;
    }
    let data8 = data.batch_max_size;
    if (!(typeof data8 == 'number' && !(data8 % 1) && !isNaN(data8) && isFinite(data8))) {
      const err21 = {
        instancePath: instancePath + '/batch_max_size',
        schemaPath: '#/properties/batch_max_size/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.batch_max_size.type,
        parentSchema: schema9.properties.batch_max_size,
        data: data8,
      };
      if (vErrors === null) {
        vErrors = [err21];
      } else {
        vErrors.push(err21);
      }
      errors++;
    }
    if (typeof data8 == 'number' && isFinite(data8)) {
      if (data8 > 100 || isNaN(data8)) {
        const err22 = {
          instancePath: instancePath + '/batch_max_size',
          schemaPath: '#/properties/batch_max_size/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 100 },
          schema: 100,
          parentSchema: schema9.properties.batch_max_size,
          data: data8,
        };
        if (vErrors === null) {
          vErrors = [err22];
        } else {
          vErrors.push(err22);
        }
        errors++;
      }
      if (data8 < 1 || isNaN(data8)) {
        const err23 = {
          instancePath: instancePath + '/batch_max_size',
          schemaPath: '#/properties/batch_max_size/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.batch_max_size,
          data: data8,
        };
        if (vErrors === null) {
          vErrors = [err23];
        } else {
          vErrors.push(err23);
        }
        errors++;
      }
    }
    let data9 = data.large_event_bytes;
    if (!(typeof data9 == 'number' && !(data9 % 1) && !isNaN(data9) && isFinite(data9))) {
      const err24 = {
        instancePath: instancePath + '/large_event_bytes',
        schemaPath: '#/properties/large_event_bytes/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.large_event_bytes.type,
        parentSchema: schema9.properties.large_event_bytes,
        data: data9,
      };
      if (vErrors === null) {
        vErrors = [err24];
      } else {
        vErrors.push(err24);
      }
      errors++;
    }
    if (typeof data9 == 'number' && isFinite(data9)) {
      if (data9 < 256 || isNaN(data9)) {
        const err25 = {
          instancePath: instancePath + '/large_event_bytes',
          schemaPath: '#/properties/large_event_bytes/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 256 },
          schema: 256,
          parentSchema: schema9.properties.large_event_bytes,
          data: data9,
        };
        if (vErrors === null) {
          vErrors = [err25];
        } else {
          vErrors.push(err25);
        }
        errors++;
      }
    }
    let data10 = data.inactive_timeout;
    if (!(typeof data10 == 'number' && !(data10 % 1) && !isNaN(data10) && isFinite(data10))) {
      const err26 = {
        instancePath: instancePath + '/inactive_timeout',
        schemaPath: '#/properties/inactive_timeout/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.inactive_timeout.type,
        parentSchema: schema9.properties.inactive_timeout,
        data: data10,
      };
      if (vErrors === null) {
        vErrors = [err26];
      } else {
        vErrors.push(err26);
      }
      errors++;
    }
    if (typeof data10 == 'number' && isFinite(data10)) {
      if (data10 > 86400 || isNaN(data10)) {
        const err27 = {
          instancePath: instancePath + '/inactive_timeout',
          schemaPath: '#/properties/inactive_timeout/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 86400 },
          schema: 86400,
          parentSchema: schema9.properties.inactive_timeout,
          data: data10,
        };
        if (vErrors === null) {
          vErrors = [err27];
        } else {
          vErrors.push(err27);
        }
        errors++;
      }
      if (data10 < 1 || isNaN(data10)) {
        const err28 = {
          instancePath: instancePath + '/inactive_timeout',
          schemaPath: '#/properties/inactive_timeout/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.inactive_timeout,
          data: data10,
        };
        if (vErrors === null) {
          vErrors = [err28];
        } else {
          vErrors.push(err28);
        }
        errors++;
      }
    }
    let data11 = data.buffer_duration;
    if (!(typeof data11 == 'number' && !(data11 % 1) && !isNaN(data11) && isFinite(data11))) {
      const err29 = {
        instancePath: instancePath + '/buffer_duration',
        schemaPath: '#/properties/buffer_duration/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.buffer_duration.type,
        parentSchema: schema9.properties.buffer_duration,
        data: data11,
      };
      if (vErrors === null) {
        vErrors = [err29];
      } else {
        vErrors.push(err29);
      }
      errors++;
    }
    if (typeof data11 == 'number' && isFinite(data11)) {
      if (data11 > 86400 || isNaN(data11)) {
        const err30 = {
          instancePath: instancePath + '/buffer_duration',
          schemaPath: '#/properties/buffer_duration/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 86400 },
          schema: 86400,
          parentSchema: schema9.properties.buffer_duration,
          data: data11,
        };
        if (vErrors === null) {
          vErrors = [err30];
        } else {
          vErrors.push(err30);
        }
        errors++;
      }
      if (data11 < 1 || isNaN(data11)) {
        const err31 = {
          instancePath: instancePath + '/buffer_duration',
          schemaPath: '#/properties/buffer_duration/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.buffer_duration,
          data: data11,
        };
        if (vErrors === null) {
          vErrors = [err31];
        } else {
          vErrors.push(err31);
        }
        errors++;
      }
    }
    if (data.max_retry_count !== undefined) {
      let data12 = data.max_retry_count;
      if (!(typeof data12 == 'number' && !(data12 % 1) && !isNaN(data12) && isFinite(data12))) {
        const err32 = {
          instancePath: instancePath + '/max_retry_count',
          schemaPath: '#/properties/max_retry_count/type',
          keyword: 'type',
          params: { type: 'integer' },
          schema: schema9.properties.max_retry_count.type,
          parentSchema: schema9.properties.max_retry_count,
          data: data12,
        };
        if (vErrors === null) {
          vErrors = [err32];
        } else {
          vErrors.push(err32);
        }
        errors++;
      }
      if (typeof data12 == 'number' && isFinite(data12)) {
        if (data12 < 0 || isNaN(data12)) {
          const err33 = {
            instancePath: instancePath + '/max_retry_count',
            schemaPath: '#/properties/max_retry_count/minimum',
            keyword: 'minimum',
            params: { comparison: '>=', limit: 0 },
            schema: 0,
            parentSchema: schema9.properties.max_retry_count,
            data: data12,
          };
          if (vErrors === null) {
            vErrors = [err33];
          } else {
            vErrors.push(err33);
          }
          errors++;
        }
      }
    }
    let data13 = data.retry_delay;
    if (!(typeof data13 == 'number' && !(data13 % 1) && !isNaN(data13) && isFinite(data13))) {
      const err34 = {
        instancePath: instancePath + '/retry_delay',
        schemaPath: '#/properties/retry_delay/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.retry_delay.type,
        parentSchema: schema9.properties.retry_delay,
        data: data13,
      };
      if (vErrors === null) {
        vErrors = [err34];
      } else {
        vErrors.push(err34);
      }
      errors++;
    }
    if (typeof data13 == 'number' && isFinite(data13)) {
      if (data13 > 86400 || isNaN(data13)) {
        const err35 = {
          instancePath: instancePath + '/retry_delay',
          schemaPath: '#/properties/retry_delay/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 86400 },
          schema: 86400,
          parentSchema: schema9.properties.retry_delay,
          data: data13,
        };
        if (vErrors === null) {
          vErrors = [err35];
        } else {
          vErrors.push(err35);
        }
        errors++;
      }
      if (data13 < 0 || isNaN(data13)) {
        const err36 = {
          instancePath: instancePath + '/retry_delay',
          schemaPath: '#/properties/retry_delay/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 0 },
          schema: 0,
          parentSchema: schema9.properties.retry_delay,
          data: data13,
        };
        if (vErrors === null) {
          vErrors = [err36];
        } else {
          vErrors.push(err36);
        }
        errors++;
      }
    }
    let data14 = data.concurrency;
    if (!(typeof data14 == 'number' && !(data14 % 1) && !isNaN(data14) && isFinite(data14))) {
      const err37 = {
        instancePath: instancePath + '/concurrency',
        schemaPath: '#/properties/concurrency/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.concurrency.type,
        parentSchema: schema9.properties.concurrency,
        data: data14,
      };
      if (vErrors === null) {
        vErrors = [err37];
      } else {
        vErrors.push(err37);
      }
      errors++;
    }
    if (typeof data14 == 'number' && isFinite(data14)) {
      if (data14 > 256 || isNaN(data14)) {
        const err38 = {
          instancePath: instancePath + '/concurrency',
          schemaPath: '#/properties/concurrency/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 256 },
          schema: 256,
          parentSchema: schema9.properties.concurrency,
          data: data14,
        };
        if (vErrors === null) {
          vErrors = [err38];
        } else {
          vErrors.push(err38);
        }
        errors++;
      }
      if (data14 < 1 || isNaN(data14)) {
        const err39 = {
          instancePath: instancePath + '/concurrency',
          schemaPath: '#/properties/concurrency/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.concurrency,
          data: data14,
        };
        if (vErrors === null) {
          vErrors = [err39];
        } else {
          vErrors.push(err39);
        }
        errors++;
      }
    }
    if (data.max_requests_per_second !== undefined) {
      let data15 = data.max_requests_per_second;
      if (typeof data15 == 'number' && isFinite(data15)) {
        if (data15 <= 0 || isNaN(data15)) {
          const err40 = {
            instancePath: instancePath + '/max_requests_per_second',
            schemaPath: '#/properties/max_requests_per_second/exclusiveMinimum',
            keyword: 'exclusiveMinimum',
            params: { comparison: '>', limit: 0 },
            schema: 0,
            parentSchema: schema9.properties.max_requests_per_second,
            data: data15,
          };
          if (vErrors === null) {
            vErrors = [err40];
          } else {
            vErrors.push(err40);
          }
          errors++;
        }
      } else {
        const err41 = {
          instancePath: instancePath + '/max_requests_per_second',
          schemaPath: '#/properties/max_requests_per_second/type',
          keyword: 'type',
          params: { type: 'number' },
          schema: schema9.properties.max_requests_per_second.type,
          parentSchema: schema9.properties.max_requests_per_second,
          data: data15,
        };
        if (vErrors === null) {
          vErrors = [err41];
        } else {
          vErrors.push(err41);
        }
        errors++;
      }
    }
    let data16 = data.ssl_verify;
    if (typeof data16 !== 'boolean') {
      const err42 = {
        instancePath: instancePath + '/ssl_verify',
        schemaPath: '#/properties/ssl_verify/type',
        keyword: 'type',
        params: { type: 'boolean' },
        schema: schema9.properties.ssl_verify.type,
        parentSchema: schema9.properties.ssl_verify,
        data: data16,
      };
      if (vErrors === null) {
        vErrors = [err42];
      } else {
        vErrors.push(err42);
      }
      errors++;
    }
    let data17 = data.timeout;
    if (!(typeof data17 == 'number' && !(data17 % 1) && !isNaN(data17) && isFinite(data17))) {
      const err43 = {
        instancePath: instancePath + '/timeout',
        schemaPath: '#/properties/timeout/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.timeout.type,
        parentSchema: schema9.properties.timeout,
        data: data17,
      };
      if (vErrors === null) {
        vErrors = [err43];
      } else {
        vErrors.push(err43);
      }
      errors++;
    }
    if (typeof data17 == 'number' && isFinite(data17)) {
      if (data17 > 60000 || isNaN(data17)) {
        const err44 = {
          instancePath: instancePath + '/timeout',
          schemaPath: '#/properties/timeout/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 60000 },
          schema: 60000,
          parentSchema: schema9.properties.timeout,
          data: data17,
        };
        if (vErrors === null) {
          vErrors = [err44];
        } else {
          vErrors.push(err44);
        }
        errors++;
      }
      if (data17 < 1 || isNaN(data17)) {
        const err45 = {
          instancePath: instancePath + '/timeout',
          schemaPath: '#/properties/timeout/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.timeout,
          data: data17,
        };
        if (vErrors === null) {
          vErrors = [err45];
        } else {
          vErrors.push(err45);
        }
        errors++;
      }
    }
    let data18 = data.answer_timeout;
    if (!(typeof data18 == 'number' && !(data18 % 1) && !isNaN(data18) && isFinite(data18))) {
      const err46 = {
        instancePath: instancePath + '/answer_timeout',
        schemaPath: '#/properties/answer_timeout/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.answer_timeout.type,
        parentSchema: schema9.properties.answer_timeout,
        data: data18,
      };
      if (vErrors === null) {
        vErrors = [err46];
      } else {
        vErrors.push(err46);
      }
      errors++;
    }
    if (typeof data18 == 'number' && isFinite(data18)) {
      if (data18 > 600000 || isNaN(data18)) {
        const err47 = {
          instancePath: instancePath + '/answer_timeout',
          schemaPath: '#/properties/answer_timeout/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 600000 },
          schema: 600000,
          parentSchema: schema9.properties.answer_timeout,
          data: data18,
        };
        if (vErrors === null) {
          vErrors = [err47];
        } else {
          vErrors.push(err47);
        }
        errors++;
      }
      if (data18 < 1 || isNaN(data18)) {
        const err48 = {
          instancePath: instancePath + '/answer_timeout',
          schemaPath: '#/properties/answer_timeout/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.answer_timeout,
          data: data18,
        };
        if (vErrors === null) {
          vErrors = [err48];
        } else {
          vErrors.push(err48);
        }
        errors++;
      }
    }
    let data19 = data.keepalive;
    if (typeof data19 !== 'boolean') {
      const err49 = {
        instancePath: instancePath + '/keepalive',
        schemaPath: '#/properties/keepalive/type',
        keyword: 'type',
        params: { type: 'boolean' },
        schema: schema9.properties.keepalive.type,
        parentSchema: schema9.properties.keepalive,
        data: data19,
      };
      if (vErrors === null) {
        vErrors = [err49];
      } else {
        vErrors.push(err49);
      }
      errors++;
    }
    let data20 = data.keepalive_timeout;
    if (!(typeof data20 == 'number' && !(data20 % 1) && !isNaN(data20) && isFinite(data20))) {
      const err50 = {
        instancePath: instancePath + '/keepalive_timeout',
        schemaPath: '#/properties/keepalive_timeout/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.keepalive_timeout.type,
        parentSchema: schema9.properties.keepalive_timeout,
        data: data20,
      };
      if (vErrors === null) {
        vErrors = [err50];
      } else {
        vErrors.push(err50);
      }
      errors++;
    }
    if (typeof data20 == 'number' && isFinite(data20)) {
      if (data20 > 86400000 || isNaN(data20)) {
        const err51 = {
          instancePath: instancePath + '/keepalive_timeout',
          schemaPath: '#/properties/keepalive_timeout/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 86400000 },
          schema: 86400000,
          parentSchema: schema9.properties.keepalive_timeout,
          data: data20,
        };
        if (vErrors === null) {
          vErrors = [err51];
        } else {
          vErrors.push(err51);
        }
        errors++;
      }
      if (data20 < 1000 || isNaN(data20)) {
        const err52 = {
          instancePath: instancePath + '/keepalive_timeout',
          schemaPath: '#/properties/keepalive_timeout/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1000 },
          schema: 1000,
          parentSchema: schema9.properties.keepalive_timeout,
          data: data20,
        };
        if (vErrors === null) {
          vErrors = [err52];
        } else {
          vErrors.push(err52);
        }
        errors++;
      }
    }
    let data21 = data.keepalive_lifetime;
    if (!(typeof data21 == 'number' && !(data21 % 1) && !isNaN(data21) && isFinite(data21))) {
      const err53 = {
        instancePath: instancePath + '/keepalive_lifetime',
        schemaPath: '#/properties/keepalive_lifetime/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.keepalive_lifetime.type,
        parentSchema: schema9.properties.keepalive_lifetime,
        data: data21,
      };
      if (vErrors === null) {
        vErrors = [err53];
      } else {
        vErrors.push(err53);
      }
      errors++;
    }
    if (typeof data21 == 'number' && isFinite(data21)) {
      if (data21 > 86400000 || isNaN(data21)) {
        const err54 = {
          instancePath: instancePath + '/keepalive_lifetime',
          schemaPath: '#/properties/keepalive_lifetime/maximum',
          keyword: 'maximum',
          params: { comparison: '<=', limit: 86400000 },
          schema: 86400000,
          parentSchema: schema9.properties.keepalive_lifetime,
          data: data21,
        };
        if (vErrors === null) {
          vErrors = [err54];
        } else {
          vErrors.push(err54);
        }
        errors++;
      }
      if (data21 < 1000 || isNaN(data21)) {
        const err55 = {
          instancePath: instancePath + '/keepalive_lifetime',
          schemaPath: '#/properties/keepalive_lifetime/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1000 },
          schema: 1000,
          parentSchema: schema9.properties.keepalive_lifetime,
          data: data21,
        };
        if (vErrors === null) {
          vErrors = [err55];
        } else {
          vErrors.push(err55);
        }
        errors++;
      }
    }
    let data22 = data.keepalive_pool;
    if (!(typeof data22 == 'number' && !(data22 % 1) && !isNaN(data22) && isFinite(data22))) {
      const err56 = {
        instancePath: instancePath + '/keepalive_pool',
        schemaPath: '#/properties/keepalive_pool/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema9.properties.keepalive_pool.type,
        parentSchema: schema9.properties.keepalive_pool,
        data: data22,
      };
      if (vErrors === null) {
        vErrors = [err56];
      } else {
        vErrors.push(err56);
      }
      errors++;
    }
    if (typeof data22 == 'number' && isFinite(data22)) {
      if (data22 < 1 || isNaN(data22)) {
        const err57 = {
          instancePath: instancePath + '/keepalive_pool',
          schemaPath: '#/properties/keepalive_pool/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1 },
          schema: 1,
          parentSchema: schema9.properties.keepalive_pool,
          data: data22,
        };
        if (vErrors === null) {
          vErrors = [err57];
        } else {
          vErrors.push(err57);
        }
        errors++;
      }
    }
    if (data.ca_file !== undefined) {
      let data23 = data.ca_file;
      if (typeof data23 === 'string') {
        if (func3(data23) < 1) {
          const err58 = {
            instancePath: instancePath + '/ca_file',
            schemaPath: '#/properties/ca_file/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema9.properties.ca_file,
            data: data23,
          };
          if (vErrors === null) {
            vErrors = [err58];
          } else {
            vErrors.push(err58);
          }
          errors++;
        }
      } else {
        const err59 = {
          instancePath: instancePath + '/ca_file',
          schemaPath: '#/properties/ca_file/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema9.properties.ca_file.type,
          parentSchema: schema9.properties.ca_file,
          data: data23,
        };
        if (vErrors === null) {
          vErrors = [err59];
        } else {
          vErrors.push(err59);
        }
        errors++;
      }
    }
    if (data.cert_file !== undefined) {
      let data24 = data.cert_file;
      if (typeof data24 === 'string') {
        if (func3(data24) < 1) {
          const err60 = {
            instancePath: instancePath + '/cert_file',
            schemaPath: '#/properties/cert_file/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema9.properties.cert_file,
            data: data24,
          };
          if (vErrors === null) {
            vErrors = [err60];
          } else {
            vErrors.push(err60);
          }
          errors++;
        }
      } else {
        const err61 = {
          instancePath: instancePath + '/cert_file',
          schemaPath: '#/properties/cert_file/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema9.properties.cert_file.type,
          parentSchema: schema9.properties.cert_file,
          data: data24,
        };
        if (vErrors === null) {
          vErrors = [err61];
        } else {
          vErrors.push(err61);
        }
        errors++;
      }
    }
    if (data.key_file !== undefined) {
      let data25 = data.key_file;
      if (typeof data25 === 'string') {
        if (func3(data25) < 1) {
          const err62 = {
            instancePath: instancePath + '/key_file',
            schemaPath: '#/properties/key_file/minLength',
            keyword: 'minLength',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema9.properties.key_file,
            data: data25,
          };
          if (vErrors === null) {
            vErrors = [err62];
          } else {
            vErrors.push(err62);
          }
          errors++;
        }
      } else {
        const err63 = {
          instancePath: instancePath + '/key_file',
          schemaPath: '#/properties/key_file/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema9.properties.key_file.type,
          parentSchema: schema9.properties.key_file,
          data: data25,
        };
        if (vErrors === null) {
          vErrors = [err63];
        } else {
          vErrors.push(err63);
        }
        errors++;
      }
    }
    if (data.proxy !== undefined) {
      let data26 = data.proxy;
      if (typeof data26 === 'string') {
        if (!pattern4.test(data26)) {
          const err64 = {
            instancePath: instancePath + '/proxy',
            schemaPath: '#/properties/proxy/pattern',
            keyword: 'pattern',
            params: { pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)' },
            schema: '^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)',
            parentSchema: schema9.properties.proxy,
            data: data26,
          };
          if (vErrors === null) {
            vErrors = [err64];
          } else {
            vErrors.push(err64);
          }
          errors++;
        }
      } else {
        const err65 = {
          instancePath: instancePath + '/proxy',
          schemaPath: '#/properties/proxy/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema9.properties.proxy.type,
          parentSchema: schema9.properties.proxy,
          data: data26,
        };
        if (vErrors === null) {
          vErrors = [err65];
        } else {
          vErrors.push(err65);
        }
        errors++;
      }
    }
  } else {
    const err66 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema9.type,
      parentSchema: schema9,
      data,
    };
    if (vErrors === null) {
      vErrors = [err66];
    } else {
      vErrors.push(err66);
    }
    errors++;
  }
  validate26.errors = vErrors;
  return errors === 0;
}

const schema10 = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_bytes: { type: 'integer', minimum: 1048576, default: 10737418240 },
    min_free_bytes: { type: 'integer', minimum: 0, default: 268435456 },
  },
};

function validate28(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.max_bytes === undefined) {
      data.max_bytes = 10737418240;
    }
    if (data.min_free_bytes === undefined) {
      data.min_free_bytes = 268435456;
    }
    for (const key0 in data) {
      if (!(key0 === 'max_bytes' || key0 === 'min_free_bytes')) {
        const err0 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema10,
          data,
        };
        if (vErrors === null) {
          vErrors = [err0];
        } else {
          vErrors.push(err0);
        }
        errors++;
      }
    }
    let data0 = data.max_bytes;
    if (!(typeof data0 == 'number' && !(data0 % 1) && !isNaN(data0) && isFinite(data0))) {
      const err1 = {
        instancePath: instancePath + '/max_bytes',
        schemaPath: '#/properties/max_bytes/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema10.properties.max_bytes.type,
        parentSchema: schema10.properties.max_bytes,
        data: data0,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    if (typeof data0 == 'number' && isFinite(data0)) {
      if (data0 < 1048576 || isNaN(data0)) {
        const err2 = {
          instancePath: instancePath + '/max_bytes',
          schemaPath: '#/properties/max_bytes/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1048576 },
          schema: 1048576,
          parentSchema: schema10.properties.max_bytes,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err2];
        } else {
          vErrors.push(err2);
        }
        errors++;
      }
    }
    let data1 = data.min_free_bytes;
    if (!(typeof data1 == 'number' && !(data1 % 1) && !isNaN(data1) && isFinite(data1))) {
      const err3 = {
        instancePath: instancePath + '/min_free_bytes',
        schemaPath: '#/properties/min_free_bytes/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema10.properties.min_free_bytes.type,
        parentSchema: schema10.properties.min_free_bytes,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err3];
      } else {
        vErrors.push(err3);
      }
      errors++;
    }
    if (typeof data1 == 'number' && isFinite(data1)) {
      if (data1 < 0 || isNaN(data1)) {
        const err4 = {
          instancePath: instancePath + '/min_free_bytes',
          schemaPath: '#/properties/min_free_bytes/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 0 },
          schema: 0,
          parentSchema: schema10.properties.min_free_bytes,
          data: data1,
        };
        if (vErrors === null) {
          vErrors = [err4];
        } else {
          vErrors.push(err4);
        }
        errors++;
      }
    }
  } else {
    const err5 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema10.type,
      parentSchema: schema10,
      data,
    };
    if (vErrors === null) {
      vErrors = [err5];
    } else {
      vErrors.push(err5);
    }
    errors++;
  }
  validate28.errors = vErrors;
  return errors === 0;
}

const schema11 = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_bytes: { type: 'integer', minimum: 1048576, default: 1073741824 },
    on_full: { type: 'string', enum: ['sample', 'pause'], default: 'sample' },
  },
};

function validate30(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.max_bytes === undefined) {
      data.max_bytes = 1073741824;
    }
    if (data.on_full === undefined) {
      data.on_full = 'sample';
    }
    for (const key0 in data) {
      if (!(key0 === 'max_bytes' || key0 === 'on_full')) {
        const err0 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema11,
          data,
        };
        if (vErrors === null) {
          vErrors = [err0];
        } else {
          vErrors.push(err0);
        }
        errors++;
      }
    }
    let data0 = data.max_bytes;
    if (!(typeof data0 == 'number' && !(data0 % 1) && !isNaN(data0) && isFinite(data0))) {
      const err1 = {
        instancePath: instancePath + '/max_bytes',
        schemaPath: '#/properties/max_bytes/type',
        keyword: 'type',
        params: { type: 'integer' },
        schema: schema11.properties.max_bytes.type,
        parentSchema: schema11.properties.max_bytes,
        data: data0,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    if (typeof data0 == 'number' && isFinite(data0)) {
      if (data0 < 1048576 || isNaN(data0)) {
        const err2 = {
          instancePath: instancePath + '/max_bytes',
          schemaPath: '#/properties/max_bytes/minimum',
          keyword: 'minimum',
          params: { comparison: '>=', limit: 1048576 },
          schema: 1048576,
          parentSchema: schema11.properties.max_bytes,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err2];
        } else {
          vErrors.push(err2);
        }
        errors++;
      }
    }
    let data1 = data.on_full;
    if (typeof data1 !== 'string') {
      const err3 = {
        instancePath: instancePath + '/on_full',
        schemaPath: '#/properties/on_full/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema11.properties.on_full.type,
        parentSchema: schema11.properties.on_full,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err3];
      } else {
        vErrors.push(err3);
      }
      errors++;
    }
    if (!(data1 === 'sample' || data1 === 'pause')) {
      const err4 = {
        instancePath: instancePath + '/on_full',
        schemaPath: '#/properties/on_full/enum',
        keyword: 'enum',
        params: { allowedValues: schema11.properties.on_full.enum },
        schema: schema11.properties.on_full.enum,
        parentSchema: schema11.properties.on_full,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err4];
      } else {
        vErrors.push(err4);
      }
      errors++;
    }
  } else {
    const err5 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema11.type,
      parentSchema: schema11,
      data,
    };
    if (vErrors === null) {
      vErrors = [err5];
    } else {
      vErrors.push(err5);
    }
    errors++;
  }
  validate30.errors = vErrors;
  return errors === 0;
}

const schema12 = {
  type: 'object',
  additionalProperties: false,
  properties: {
    level: { type: 'string', enum: ['debug', 'info', 'warn', 'error'], default: 'info' },
    format: { type: 'string', enum: ['json', 'nginx', 'pretty'], default: 'json' },
  },
};

function validate32(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.level === undefined) {
      data.level = 'info';
    }
    if (data.format === undefined) {
      data.format = 'json';
    }
    for (const key0 in data) {
      if (!(key0 === 'level' || key0 === 'format')) {
        const err0 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema12,
          data,
        };
        if (vErrors === null) {
          vErrors = [err0];
        } else {
          vErrors.push(err0);
        }
        errors++;
      }
    }
    let data0 = data.level;
    if (typeof data0 !== 'string') {
      const err1 = {
        instancePath: instancePath + '/level',
        schemaPath: '#/properties/level/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema12.properties.level.type,
        parentSchema: schema12.properties.level,
        data: data0,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    if (!(data0 === 'debug' || data0 === 'info' || data0 === 'warn' || data0 === 'error')) {
      const err2 = {
        instancePath: instancePath + '/level',
        schemaPath: '#/properties/level/enum',
        keyword: 'enum',
        params: { allowedValues: schema12.properties.level.enum },
        schema: schema12.properties.level.enum,
        parentSchema: schema12.properties.level,
        data: data0,
      };
      if (vErrors === null) {
        vErrors = [err2];
      } else {
        vErrors.push(err2);
      }
      errors++;
    }
    let data1 = data.format;
    if (typeof data1 !== 'string') {
      const err3 = {
        instancePath: instancePath + '/format',
        schemaPath: '#/properties/format/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema12.properties.format.type,
        parentSchema: schema12.properties.format,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err3];
      } else {
        vErrors.push(err3);
      }
      errors++;
    }
    if (!(data1 === 'json' || data1 === 'nginx' || data1 === 'pretty')) {
      const err4 = {
        instancePath: instancePath + '/format',
        schemaPath: '#/properties/format/enum',
        keyword: 'enum',
        params: { allowedValues: schema12.properties.format.enum },
        schema: schema12.properties.format.enum,
        parentSchema: schema12.properties.format,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err4];
      } else {
        vErrors.push(err4);
      }
      errors++;
    }
  } else {
    const err5 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema12.type,
      parentSchema: schema12,
      data,
    };
    if (vErrors === null) {
      vErrors = [err5];
    } else {
      vErrors.push(err5);
    }
    errors++;
  }
  validate32.errors = vErrors;
  return errors === 0;
}

function validate21(data, { instancePath = '', parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == 'object' && !Array.isArray(data)) {
    if (data.state_dir === undefined) {
      data.state_dir = '/var/lib/tailmeter';
    }
    if (data.match === undefined) {
      data.match = 'all';
    }
    if (data.spool === undefined) {
      data.spool = {};
    }
    if (data.dead === undefined) {
      data.dead = {};
    }
    if (data.log === undefined) {
      data.log = {};
    }
    if (data.sources === undefined) {
      const err0 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'sources' },
        schema: schema6.required,
        parentSchema: schema6,
        data,
      };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    if (data.rules === undefined) {
      const err1 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'rules' },
        schema: schema6.required,
        parentSchema: schema6,
        data,
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    if (data.destinations === undefined) {
      const err2 = {
        instancePath,
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'destinations' },
        schema: schema6.required,
        parentSchema: schema6,
        data,
      };
      if (vErrors === null) {
        vErrors = [err2];
      } else {
        vErrors.push(err2);
      }
      errors++;
    }
    for (const key0 in data) {
      if (!func2.call(schema6.properties, key0)) {
        const err3 = {
          instancePath,
          schemaPath: '#/additionalProperties',
          keyword: 'additionalProperties',
          params: { additionalProperty: key0 },
          schema: false,
          parentSchema: schema6,
          data,
        };
        if (vErrors === null) {
          vErrors = [err3];
        } else {
          vErrors.push(err3);
        }
        errors++;
      }
    }
    if (data.$schema !== undefined) {
      let data0 = data.$schema;
      if (typeof data0 !== 'string') {
        const err4 = {
          instancePath: instancePath + '/$schema',
          schemaPath: '#/properties/%24schema/type',
          keyword: 'type',
          params: { type: 'string' },
          schema: schema6.properties.$schema.type,
          parentSchema: schema6.properties.$schema,
          data: data0,
        };
        if (vErrors === null) {
          vErrors = [err4];
        } else {
          vErrors.push(err4);
        }
        errors++;
      }
    }
    let data1 = data.state_dir;
    if (typeof data1 === 'string') {
      if (func3(data1) < 1) {
        const err5 = {
          instancePath: instancePath + '/state_dir',
          schemaPath: '#/properties/state_dir/minLength',
          keyword: 'minLength',
          params: { limit: 1 },
          schema: 1,
          parentSchema: schema6.properties.state_dir,
          data: data1,
        };
        if (vErrors === null) {
          vErrors = [err5];
        } else {
          vErrors.push(err5);
        }
        errors++;
      }
    } else {
      const err6 = {
        instancePath: instancePath + '/state_dir',
        schemaPath: '#/properties/state_dir/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema6.properties.state_dir.type,
        parentSchema: schema6.properties.state_dir,
        data: data1,
      };
      if (vErrors === null) {
        vErrors = [err6];
      } else {
        vErrors.push(err6);
      }
      errors++;
    }
    if (data.sources !== undefined) {
      let data2 = data.sources;
      if (Array.isArray(data2)) {
        if (data2.length < 1) {
          const err7 = {
            instancePath: instancePath + '/sources',
            schemaPath: '#/properties/sources/minItems',
            keyword: 'minItems',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema6.properties.sources,
            data: data2,
          };
          if (vErrors === null) {
            vErrors = [err7];
          } else {
            vErrors.push(err7);
          }
          errors++;
        }
        const len0 = data2.length;
        for (let i0 = 0; i0 < len0; i0++) {
          if (
            !validate22(data2[i0], {
              instancePath: instancePath + '/sources/' + i0,
              parentData: data2,
              parentDataProperty: i0,
              rootData,
            })
          ) {
            vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
            errors = vErrors.length;
          }
        }
      } else {
        const err8 = {
          instancePath: instancePath + '/sources',
          schemaPath: '#/properties/sources/type',
          keyword: 'type',
          params: { type: 'array' },
          schema: schema6.properties.sources.type,
          parentSchema: schema6.properties.sources,
          data: data2,
        };
        if (vErrors === null) {
          vErrors = [err8];
        } else {
          vErrors.push(err8);
        }
        errors++;
      }
    }
    if (data.rules !== undefined) {
      let data4 = data.rules;
      if (Array.isArray(data4)) {
        if (data4.length < 1) {
          const err9 = {
            instancePath: instancePath + '/rules',
            schemaPath: '#/properties/rules/minItems',
            keyword: 'minItems',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema6.properties.rules,
            data: data4,
          };
          if (vErrors === null) {
            vErrors = [err9];
          } else {
            vErrors.push(err9);
          }
          errors++;
        }
        const len1 = data4.length;
        for (let i1 = 0; i1 < len1; i1++) {
          if (
            !validate24(data4[i1], {
              instancePath: instancePath + '/rules/' + i1,
              parentData: data4,
              parentDataProperty: i1,
              rootData,
            })
          ) {
            vErrors = vErrors === null ? validate24.errors : vErrors.concat(validate24.errors);
            errors = vErrors.length;
          }
        }
      } else {
        const err10 = {
          instancePath: instancePath + '/rules',
          schemaPath: '#/properties/rules/type',
          keyword: 'type',
          params: { type: 'array' },
          schema: schema6.properties.rules.type,
          parentSchema: schema6.properties.rules,
          data: data4,
        };
        if (vErrors === null) {
          vErrors = [err10];
        } else {
          vErrors.push(err10);
        }
        errors++;
      }
    }
    let data6 = data.match;
    if (typeof data6 !== 'string') {
      const err11 = {
        instancePath: instancePath + '/match',
        schemaPath: '#/properties/match/type',
        keyword: 'type',
        params: { type: 'string' },
        schema: schema6.properties.match.type,
        parentSchema: schema6.properties.match,
        data: data6,
      };
      if (vErrors === null) {
        vErrors = [err11];
      } else {
        vErrors.push(err11);
      }
      errors++;
    }
    if (!(data6 === 'all' || data6 === 'first')) {
      const err12 = {
        instancePath: instancePath + '/match',
        schemaPath: '#/properties/match/enum',
        keyword: 'enum',
        params: { allowedValues: schema6.properties.match.enum },
        schema: schema6.properties.match.enum,
        parentSchema: schema6.properties.match,
        data: data6,
      };
      if (vErrors === null) {
        vErrors = [err12];
      } else {
        vErrors.push(err12);
      }
      errors++;
    }
    if (data.destinations !== undefined) {
      let data7 = data.destinations;
      if (Array.isArray(data7)) {
        if (data7.length < 1) {
          const err13 = {
            instancePath: instancePath + '/destinations',
            schemaPath: '#/properties/destinations/minItems',
            keyword: 'minItems',
            params: { limit: 1 },
            schema: 1,
            parentSchema: schema6.properties.destinations,
            data: data7,
          };
          if (vErrors === null) {
            vErrors = [err13];
          } else {
            vErrors.push(err13);
          }
          errors++;
        }
        const len2 = data7.length;
        for (let i2 = 0; i2 < len2; i2++) {
          if (
            !validate26(data7[i2], {
              instancePath: instancePath + '/destinations/' + i2,
              parentData: data7,
              parentDataProperty: i2,
              rootData,
            })
          ) {
            vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors);
            errors = vErrors.length;
          }
        }
      } else {
        const err14 = {
          instancePath: instancePath + '/destinations',
          schemaPath: '#/properties/destinations/type',
          keyword: 'type',
          params: { type: 'array' },
          schema: schema6.properties.destinations.type,
          parentSchema: schema6.properties.destinations,
          data: data7,
        };
        if (vErrors === null) {
          vErrors = [err14];
        } else {
          vErrors.push(err14);
        }
        errors++;
      }
    }
    if (
      !validate28(data.spool, {
        instancePath: instancePath + '/spool',
        parentData: data,
        parentDataProperty: 'spool',
        rootData,
      })
    ) {
      vErrors = vErrors === null ? validate28.errors : vErrors.concat(validate28.errors);
      errors = vErrors.length;
    }
    if (
      !validate30(data.dead, {
        instancePath: instancePath + '/dead',
        parentData: data,
        parentDataProperty: 'dead',
        rootData,
      })
    ) {
      vErrors = vErrors === null ? validate30.errors : vErrors.concat(validate30.errors);
      errors = vErrors.length;
    }
    if (
      !validate32(data.log, {
        instancePath: instancePath + '/log',
        parentData: data,
        parentDataProperty: 'log',
        rootData,
      })
    ) {
      vErrors = vErrors === null ? validate32.errors : vErrors.concat(validate32.errors);
      errors = vErrors.length;
    }
  } else {
    const err15 = {
      instancePath,
      schemaPath: '#/type',
      keyword: 'type',
      params: { type: 'object' },
      schema: schema6.type,
      parentSchema: schema6,
      data,
    };
    if (vErrors === null) {
      vErrors = [err15];
    } else {
      vErrors.push(err15);
    }
    errors++;
  }
  validate21.errors = vErrors;
  return errors === 0;
}
