/**
 * The errors that the sandbox answers with, in Lago's shapes. Routes throw them; `server.ts` turns them into JSON.
 */

/** An answer that is no success: `body` is sent as JSON with `status`. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, error: string, more: Readonly<Record<string, unknown>> = {}) {
    super(error);
    this.name = 'ApiError';
    this.status = status;
    this.body = { status, error, ...more };
  }
}

/** Field → codes, as `error_details` shows them: `{"code":["value_is_mandatory"]}`. */
export type FieldErrors = Record<string, string[]>;

export const badJson = (): ApiError => new ApiError(400, 'Bad Request');

export const missingParameter = (name: string): ApiError =>
  new ApiError(400, `BadRequest: param is missing or the value is empty or invalid: ${name}`);

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized');

/** A key that may not do this; `mode` is `read` or `write`. */
export const forbidden = (mode: string, resource: string): ApiError =>
  new ApiError(403, 'Forbidden', { code: `${mode}_action_not_allowed_for_${resource}` });

/** `resource` is `event`, `plan` …; `resource` itself for a path that no route has. */
export const notFound = (resource: string): ApiError =>
  new ApiError(404, 'Not Found', { code: `${resource}_not_found` });

export const methodNotAllowed = (code: string): ApiError => new ApiError(405, 'Method Not Allowed', { code });

/** `details` is what Lago puts into `error_details`: by field, or for a batch by index and field. */
export const invalid = (details: FieldErrors | Record<string, FieldErrors>): ApiError =>
  new ApiError(422, 'Unprocessable Entity', { code: 'validation_errors', error_details: details });
