import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerUnavailable } from './broker-unavailable.js';
import { keptFolder } from './kept-folder.js';
import { runCommand } from './run-command.js';

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/**
 * Downloads an archive by Maven and unpacks it into `folder`, without the folder at its root. Kept: later calls download
 * nothing. Throws `BrokerUnavailable` when that cannot be done on this machine.
 *
 * @param artifact Its coordinates, such as `org.apache.activemq:apache-artemis:2.44.0:tar.gz:bin`.
 */
export async function mavenArchive(folder: string, artifact: string): Promise<void> {
  await keptFolder(folder, artifact, async (root, work) => {
    await maven(work, `${plugin}:copy`, `-Dartifact=${artifact}`, `-DoutputDirectory=${work}`);
    const archive = (await readdir(work)).find((name) => name.endsWith('.tar.gz')) ?? '';
    await runCommand('tar', ['-xzf', join(work, archive), '-C', root, '--strip-components=1']);
  });
}

/**
 * Downloads jars by Maven into `folder`, with all that they need. Kept: later calls download nothing. Throws
 * `BrokerUnavailable` when that cannot be done on this machine.
 *
 * @param artifacts Their coordinates, such as `org.apache.activemq:activemq-amqp:6.3.1`.
 */
export async function mavenJars(folder: string, artifacts: readonly string[]): Promise<void> {
  await keptFolder(folder, artifacts.join('\n'), async (root, work) => {
    const project = join(work, 'project');
    await mkdir(project);
    await writeFile(join(project, 'pom.xml'), pom(artifacts));
    await maven(project, `${plugin}:copy-dependencies`, '-DincludeScope=runtime', `-DoutputDirectory=${root}`);
  });
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>test</groupId><artifactId>jars</artifactId><version>1</version>',
    `<dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n');
}

async function maven(folder: string, ...mavenArguments: string[]): Promise<void> {
  try {
    await runCommand('mvn', ['--quiet', '--batch-mode', ...mavenArguments], { folder });
  } catch (error) {
    if (error instanceof BrokerUnavailable) throw error;
    throw new BrokerUnavailable(`Maven cannot download it: ${String(error)}`, { cause: error });
  }
}
