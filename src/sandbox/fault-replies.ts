/**
 * Carries out a fault on a request to an event endpoint.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';
import type { Fault } from './faults.ts';

/**
 * Serves one event request under `fault`. `serve` stores the events and answers; it throws when it rejects them.
 * A lost answer is lost also when it would have been a rejection.
 */
export async function replyWithFault(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  serve: () => string,
): Promise<FastifyReply> {
  if (fault.kind === 'answer') {
    const { status, headers, body = defaultBody(status) } = fault;
    reply.code(status).headers({ 'content-type': 'application/json; charset=utf-8', ...headers });
    return reply.send(typeof body === 'string' ? body : JSON.stringify(body));
  }
  if (fault.kind === 'delay') {
    await delay(fault.ms);
    return reply.send(serve());
  }
  if (fault.when === 'after') storeWithoutAnswer(serve);
  reply.hijack();
  if (fault.kind === 'reset') request.raw.socket.resetAndDestroy();
  return reply;
}

function storeWithoutAnswer(serve: () => string): void {
  try {
    serve();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function defaultBody(status: number): unknown {
  return { status, error: REASONS[status] ?? 'Error' };
}
