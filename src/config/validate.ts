import { z } from 'zod';
import type { ConfigData } from './config.js';
import { lineAt, nodeAt, pathText } from './config-node.js';
import type { ConfigNode, NodePath } from './config-node.js';
import { dataOf, isOpen } from './fill-in.js';
import type { FilledIn } from './fill-in.js';
import { nearest } from '../nearest.js';
import type { ConfigProblem } from './problem.js';
import { FILE, SETTINGS } from './schema.js';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'must be text. Put it in quotes',
  number: 'must be a whole number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must be a group of keys',
  record: 'must be a group of keys',
};

/** Returns the problems of a file as written, in all of its profiles, before anything is filled in. */
export function checkFile(root: ConfigNode): ConfigProblem[] {
  const { error } = FILE.safeParse(dataOf(root));
  const issues = error?.issues.filter(({ path }) => !isOpen(nodeAt(root, stepsOf(path)))) ?? [];
  return problemsOf(issues, root, FILE);
}

/** Returns the settings of one profile, or their problems. */
export function checkSettings(root: ConfigNode, filled: FilledIn): ConfigData | ConfigProblem[] {
  const first = SETTINGS.safeParse(filled.data);
  if (first.success) return first.data;
  for (const { path } of first.error.issues) {
    if (filled.outside.has(JSON.stringify(path))) replace(filled.data, stepsOf(path), plainValue);
  }
  const second = SETTINGS.safeParse(filled.data);
  return second.success ? second.data : problemsOf(second.error.issues, root, SETTINGS);
}

function problemsOf(issues: readonly Issue[], root: ConfigNode, schema: z.ZodType): ConfigProblem[] {
  const all = issues.flatMap(innermost);
  const problems: ConfigProblem[] = [];
  /** Keys that are present in another spelling, and so are not reported as missing. */
  const meant = new Set<string>();
  for (const issue of all) {
    if (issue.code !== 'unrecognized_keys') continue;
    const path = stepsOf(issue.path);
    const known = keysAt(schema, path);
    for (const key of issue.keys) {
      const near = nearest(key, known);
      if (near !== undefined) meant.add(pathText([...path, near]));
      const there = near === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${near}?`;
      problems.push(problem(root, [...path, key], `is not a known key. ${there}`));
    }
  }
  for (const issue of all) {
    const path = stepsOf(issue.path);
    const isMeant = isMissing(issue) && meant.has(pathText(path));
    if (issue.code !== 'unrecognized_keys' && !isMeant) problems.push(problem(root, path, wordsFor(issue)));
  }
  return problems;
}

function problem(root: ConfigNode, path: NodePath, message: string): ConfigProblem {
  return { line: lineAt(root, path), key: pathText(path), message };
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

/** For a union, returns the issues of the variant that was probably meant: the one of the right type. */
function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return meant === undefined ? [issue] : meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function wordsFor(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return isMissing(issue) ? 'is missing.' : `${KINDS[issue.expected] ?? `must be ${issue.expected}`}.`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'must not be empty.'
        : `must be at least ${issue.minimum}.`;
    case 'too_big':
      return `must be at most ${issue.maximum}.`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}.`;
    default:
      return issue.message;
  }
}

/** The keys that a schema has at a path. */
function keysAt(schema: z.core.$ZodType, path: NodePath): string[] {
  let parts: z.core.$ZodType[] = open(schema);
  for (const step of path) parts = parts.flatMap((part) => open(childOf(part, step)));
  return parts.flatMap((part) => (part instanceof z.ZodObject ? Object.keys(part.shape) : []));
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  // The shape of an object has schemas for values.
  if (schema instanceof z.ZodObject) return (schema.shape as Readonly<Record<string, z.core.$ZodType>>)[step];
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodRecord ? schema.valueType : undefined;
}

/** Removes wrappers and unions from a schema. */
function open(schema: z.core.$ZodType | undefined): z.core.$ZodType[] {
  if (schema === undefined) return [];
  if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodNullable) return open(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(open);
  return [schema];
}

function stepsOf(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((step) => (typeof step === 'number' ? step : String(step)));
}

function replace(data: unknown, path: NodePath, change: (value: unknown) => unknown): void {
  let holder = data;
  for (const step of path.slice(0, -1)) holder = (holder as Record<string | number, unknown>)[step];
  const last = path.at(-1);
  // Validation has just followed this path.
  if (last !== undefined)
    (holder as Record<string | number, unknown>)[last] = change((holder as Record<string | number, unknown>)[last]);
}

/** Reads text from outside as if it stood in the file without quotes. */
function plainValue(value: unknown): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
}
