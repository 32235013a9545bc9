import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from './pages.js';

// Written by us, in this form.
const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  exports: Record<string, string | { default: string }>;
};
const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.default]));

function isClass(exported: unknown): exported is new () => unknown {
  return typeof exported === 'function' && Function.prototype.toString.call(exported).startsWith('class');
}

describe('what dist exports', () => {
  it.each(entries)('%s: each class has the name that users see in errors and logs', async (file) => {
    const names = Object.entries((await import(`${ROOT}${file}`)) as Record<string, unknown>)
      .filter(([, exported]) => isClass(exported))
      .map(([name, exported]) => [name, (exported as { name: string }).name]);
    // The base class of messages of pub/sub is none that programs make.
    expect(names.filter(([name, seen]) => name !== seen)).toEqual(
      file.endsWith('/pubsub.js') ? [['Message', 'BaseMessage']] : [],
    );
  });
});
