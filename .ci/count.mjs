// Adds up the test reports of a folder, names what failed or was skipped, and prints the line that CI ends with.
// Fails when there is nothing to count.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'test-report';
const reports = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
let passed = 0;
let failed = 0;
let skipped = 0;
for (const name of reports) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) {
    // A file that does not even load has no tests to fail.
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      failed++;
      console.log(`failed: ${file.name}: ${file.message}`);
    }
    // Named at the end, where a log that is cut still has them.
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      if (status === 'failed') console.log(`failed: ${fullName}\n${failureMessages?.join('\n').slice(0, 2_000)}`);
      else if (status === 'pending' || status === 'skipped' || status === 'todo') console.log(`${status}: ${fullName}`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = passed === 0 || failed > 0 ? 1 : 0;
