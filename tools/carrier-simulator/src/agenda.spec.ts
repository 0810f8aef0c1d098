import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createAgenda } from './agenda.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('tasks are done when due, in the order given, and the timer ends with the last', () => {
  const agenda = createAgenda();
  const done: string[] = [];
  agenda.after(200, () => done.push('late'));
  agenda.after(0, () => {
    done.push('now');
    agenda.after(0, () => done.push('then'));
  });
  agenda.after(200, () => done.push('later'));
  expect(agenda.size).toBe(3);
  jest.advanceTimersByTime(20);
  expect(done).toEqual(['now', 'then']);
  jest.advanceTimersByTime(170);
  expect(done).toEqual(['now', 'then']);
  jest.advanceTimersByTime(30);
  expect(done).toEqual(['now', 'then', 'late', 'later']);
  expect(agenda.size).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

test('cleared: nothing more is done', () => {
  const agenda = createAgenda();
  agenda.after(10, () => expect(true).toBe(false));
  agenda.clear();
  jest.advanceTimersByTime(100);
  expect([agenda.size, jest.getTimerCount()]).toEqual([0, 0]);
});
