// Creates and starts an estate of its own on free ports, and ends it with everything in it.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const bin = process.env.BULKHEAD_BIN;
const source = process.env.BULKHEAD_SOURCE;
if (!bin || !source) throw new Error('BULKHEAD_BIN and BULKHEAD_SOURCE must be set (ctest does)');

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function bulkhead(...args) {
  return execFileSync(path.join(bin, 'bulkhead'), args, { encoding: 'utf8' });
}

async function until(what, test, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      if (await test()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${seconds} s${last ? `: ${last.message}` : ''}`);
}

export async function startEstate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bulkhead-browser-'));
  const at = path.join(folder, 'estate');
  const httpsPort = await freePort();
  const [smtpPort, imapPort, vaultPort] = [await freePort(), await freePort(), await freePort()];
  bulkhead('estate', 'create', '--from', path.join(source, 'estates/imo'), '--at', at,
           '--https-port', String(httpsPort), '--smtp-port', String(smtpPort),
           '--imap-port', String(imapPort), '--vault-port', String(vaultPort));
  const log = openSync(path.join(folder, 'bulkheadd.log'), 'w');
  const daemon = spawn(path.join(bin, 'bulkheadd'), ['--estate', at], { stdio: ['ignore', log, log] });
  const stop = async () => {
    if (daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('every service ready', () => {
      if (daemon.exitCode !== null) throw new Error('bulkheadd ended');
      const state = JSON.parse(bulkhead('--json', 'estate', 'status', '--estate', at));
      return state.services.every((service) => service.state === 'ready');
    });
  } catch (error) {
    console.error(readFileSync(path.join(folder, 'bulkheadd.log'), 'utf8').slice(-4000));
    await stop();
    throw error;
  }
  return {
    at,
    bulkhead: (...args) => bulkhead(...args, '--estate', at),
    url: (service, target) => `https://${service}.localhost:${httpsPort}${target}`,
    stop,
  };
}
