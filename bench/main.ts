import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../src/cli/command-error.ts';
import { findNginx, type Nginx } from '../src/cli/nginx-binary.ts';
import { projectRoot } from '../src/cli/project-root.ts';
import { type DesignName, startDesign } from './designs.ts';
import { measureHop } from './hop.ts';
import { countInstructions, instructionsUnavailable } from './instructions.ts';
import { chooseLoadGenerator } from './load.ts';
import { measureLogins, measurePeerLogins } from './logins.ts';
import { measureMemory } from './memory.ts';
import { type Options, type Part, parseOptions, usage } from './options.ts';
import { measurePolicies } from './policies.ts';
import { formatReport, type Report } from './report.ts';
import { type Rig, startRig } from './rig.ts';
import { measureThroughput } from './throughput.ts';
import { measureVerification } from './verify/measure.ts';

const note = (line: string): void => console.error(line);

async function measure(options: Options, nginx: Nginx, folder: string): Promise<Report> {
  const { quick, only } = options;
  const report: Report = {
    time: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    machine: {
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
      nginx: nginx.version,
      njs: nginx.njsVersion,
    },
    skipped: [],
  };
  const gateParts: readonly Part[] = ['instructions', 'throughput', 'memory'];
  if (gateParts.some((part) => only.includes(part))) {
    const rig = await startRig(nginx, folder);
    try {
      await measureGate(rig, options, report);
    } finally {
      await rig.stop();
    }
  }
  if (only.includes('policies')) {
    const reason = await instructionsUnavailable(nginx);
    if (reason === null) report.policies = await measurePolicies(nginx, folder, quick ? 50 : 300, note);
    else report.skipped.push(`policies: ${reason}`);
  }
  if (only.includes('logins')) {
    note('logins: native crypto');
    const { logins: native, misses } = await measureLogins(nginx, folder, 'auto', quick ? 80 : 800);
    note('logins: portable crypto');
    const { logins: portable } = await measureLogins(nginx, folder, 'portable', quick ? 40 : 400);
    note('logins: @simplewebauthn/server');
    const peer = await measurePeerLogins(folder, quick ? 80 : 800);
    if (peer === null) report.skipped.push('the logins of @simplewebauthn/server, which is not installed');
    report.logins = { native, portable, peer, misses };
  }
  if (only.includes('verify')) {
    const plan = { rounds: quick ? 2 : 7, milliseconds: quick ? 20 : 150 };
    report.verification = await measureVerification(nginx, folder, plan, note);
  }
  if (only.includes('hop')) await measureMesh(nginx, folder, quick, report);
  return report;
}

async function measureMesh(nginx: Nginx, folder: string, quick: boolean, report: Report): Promise<void> {
  const generator = await chooseLoadGenerator(note);
  const plan = { connections: 16, rounds: quick ? 2 : 7, seconds: quick ? 1 : 2 };
  try {
    const rows = await measureHop(nginx, folder, generator.run, plan, note);
    report.hop = { generator: generator.name, connections: plan.connections, rounds: plan.rounds, rows };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    report.skipped.push(`a hop into a mesh: ${error.message}`);
  }
}

async function measureGate(rig: Rig, { quick, only }: Options, report: Report): Promise<void> {
  const { setting, cookies, unused } = rig;
  if (only.includes('instructions')) {
    const reason = await instructionsUnavailable(setting.nginx);
    if (reason === null) {
      const ofDesign = (name: DesignName) => ({
        ...{ label: name, folder: setting.folder },
        start: (under: readonly string[]) => startDesign(name, setting, under),
      });
      const count = (name: 'plain' | 'headers' | 'gated' | 'quickjs') => {
        note(`instructions: ${name}`);
        const counted = Array<string>(quick ? 50 : 300).fill(cookies[name]);
        return countInstructions({ ...ofDesign(name), warmUpCookie: cookies[name], cookies: counted });
      };
      const [plain, headers, gated] = [await count('plain'), await count('headers'), await count('gated')];
      note('instructions: first requests');
      const miss = await countInstructions({ ...ofDesign('gated'), warmUpCookie: cookies.gated, cookies: unused });
      report.instructions = { plain, headers, gated, quickjs: await count('quickjs'), miss };
    } else {
      report.skipped.push(`instructions: ${reason}`);
    }
  }
  if (only.includes('memory')) {
    const requests = quick ? 500 : 2000;
    const of = (name: 'plain' | 'headers' | 'gated' | 'quickjs') => {
      note(`memory: ${name}`);
      return measureMemory(name, rig, requests);
    };
    const [plain, headers, gated] = [await of('plain'), await of('headers'), await of('gated')];
    report.memory = { requests, plain, headers, gated, quickjs: await of('quickjs') };
  }
  if (only.includes('throughput')) {
    const generator = await chooseLoadGenerator(note);
    const plan = { connections: [4, 16, 64], rounds: quick ? 2 : 7, seconds: quick ? 1 : 2 };
    const rows = await measureThroughput(rig, generator.run, plan, note);
    report.throughput = { generator: generator.name, rounds: plan.rounds, rows };
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fido2-bench-')));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const nginx = await findNginx({ folders: [folder, projectRoot()], onProgress: note });
  const report = await measure(options, nginx, folder);
  mkdirSync(join(projectRoot(), 'build'), { recursive: true });
  const text = `${JSON.stringify(report, null, 2)}\n`;
  writeFileSync(join(projectRoot(), 'build/bench.json'), text);
  console.log(options.json ? text.trimEnd() : formatReport(report));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = error.status;
}
process.exit();
