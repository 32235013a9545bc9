import { describe, expect, it } from 'vitest';
import { Activity } from '../../../src/messenger/activity.js';

describe('Activity', () => {
  it('tells once of what has happened since the last look', () => {
    const activity = new Activity();
    expect(activity.take()).toBe(false);
    activity.note();
    activity.note();
    expect([activity.take(), activity.take()]).toEqual([true, false]);
  });

  it('tells everybody who waits, and then nobody else', () => {
    const activity = new Activity();
    const told: string[] = [];
    activity.next(() => told.push('first'));
    activity.next(() => told.push('second'));
    activity.note();
    expect(told).toEqual(['first', 'second']);
    expect(activity.take()).toBe(false);
    activity.note();
    expect(told).toHaveLength(2);
    expect(activity.take()).toBe(true);
  });

  it('keeps for the next what comes when nobody waits any more', () => {
    const activity = new Activity();
    const callOff = activity.next(() => expect.unreachable());
    callOff();
    activity.note();
    expect(activity.take()).toBe(true);
  });
});
