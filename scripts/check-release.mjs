// Checks that a tag can be released: the version of package.json is that of the tag, CHANGELOG.md has a dated entry for it,
// and package.json names the repository, which npm compares with the one that the package comes from.
// Prints the entry, which becomes the notes of the release.
import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const read = (file) => readFileSync(new URL(file, root), 'utf8');

const tag = process.argv[2] ?? '';
const { version, repository } = JSON.parse(read('package.json'));
const [heading, ...lines] =
  read('CHANGELOG.md')
    .split(/^(?=## )/m)
    .find((entry) => entry.startsWith(`## [${version}]`))
    ?.split('\n') ?? [];

const faults = [];
if (tag !== `v${version}`)
  faults.push(`The tag is "${tag}", but package.json has the version ${version}: tag it v${version}.`);
if (!/^## \[.+\] - \d{4}-\d\d-\d\d$/.test(heading ?? ''))
  faults.push(`CHANGELOG.md has no heading "## [${version}] - YYYY-MM-DD".`);
if (repository === undefined)
  faults.push('package.json has no "repository": npm publish refuses provenance without it.');

for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log(lines.join('\n').trim());
process.exitCode = faults.length === 0 ? 0 : 1;
