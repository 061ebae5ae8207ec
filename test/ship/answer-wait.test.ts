import { expect, it } from 'vitest';
import { AnswerWait } from '../../src/ship/answer-wait.ts';

const expired = (times: number): AnswerWait => {
  const wait = new AnswerWait(30_000);
  for (let i = 0; i < times; i++) wait.expired();
  return wait;
};

it('an answer is waited for twice as long after each that did not come, up to four times', () => {
  expect([0, 1, 2, 3, 9].map((times) => expired(times).currentMs)).toEqual([
    30_000, 60_000, 120_000, 120_000, 120_000,
  ]);
});

it('the wait stays as long as answers need it, and shrinks when they are quick again', () => {
  const wait = expired(1);
  for (let i = 0; i < 100; i++) wait.answered(45_000);
  for (let i = 0; i < 100; i++) wait.answered(i % 20 === 0 ? 45_000 : 1000);
  expect(wait.currentMs).toBe(60_000);
  for (let i = 0; i < 30; i++) wait.answered(1000);
  expect(wait.currentMs).toBe(30_000);
});
