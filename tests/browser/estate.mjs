// Creates and starts an estate of its own on free ports, and ends it with everything in it.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const bin = process.env.BULKHEAD_BIN;
const source = process.env.BULKHEAD_SOURCE;
if (!bin || !source) throw new Error('BULKHEAD_BIN and BULKHEAD_SOURCE must be set (ctest does)');

function bulkhead(...args) {
  return execFileSync(path.join(bin, 'bulkhead'), args, { encoding: 'utf8' });
}

export async function startEstate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bulkhead-browser-'));
  const at = path.join(folder, 'estate');
  bulkhead('estate', 'create', '--from', path.join(source, 'estates/imo'), '--at', at,
           '--free-ports');
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
  let state;
  try {
    bulkhead('estate', 'status', '--wait', '90', '--estate', at);
    state = JSON.parse(bulkhead('estate', 'status', '--json', '--estate', at));
  } catch (error) {
    console.error(readFileSync(path.join(folder, 'bulkheadd.log'), 'utf8').slice(-4000));
    await stop();
    throw error;
  }
  const port = new URL(state.addresses.website).port;
  return {
    at,
    bulkhead: (...args) => bulkhead(...args, '--estate', at),
    url: (service, target) => `https://${service}.localhost:${port}${target}`,
    stop,
  };
}
