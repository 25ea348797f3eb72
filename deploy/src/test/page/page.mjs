// Drives the page in headless Chromium. PageIT starts it, and does what it asks for in lines that
// begin with '>': commands of metakey, and stopping and starting the daemon.
//
// Environment: URL of the page, MODULES (puppeteer-core and axe-core), and SHOTS, a directory for
// screenshots, where some are wanted.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { URL: url, MODULES, SHOTS } = process.env;
const require = createRequire(`${MODULES}/`);
const puppeteer = require('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = { timeout: 30_000 };
const HOSTILE = '<img src=x onerror=window.wasRun=1>';

const chromium = process.env.PATH.split(':')
  .map((directory) => `${directory}/chromium`)
  .find((path) => existsSync(path));

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has PageIT do something, and waits until it is done. */
async function host(...words) {
  console.log(`> ${words.join('\t')}`);
  assert.equal((await answers.next()).value, 'done', words.join(' '));
}

const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP *.example 127.0.0.1'],
});

/** Opens the page, and checks at the end that it stayed by itself and had no fault. */
async function look({ at = '', scheme = 'light', width = 1280, height = 800, faults = [] }, steps) {
  const page = await browser.newPage();
  const met = [];
  page.on('console', (message) => message.type() === 'error' && met.push(message.text()));
  page.on('pageerror', (error) => met.push(error.message));
  page.on('request', (request) => request.url().startsWith(url) || met.push(`asked for ${request.url()}`));
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
  await page.goto(url + at);
  await live(page);
  await steps(page);
  const unexpected = met.filter((fault) => !faults.some((expected) => fault.includes(expected)));
  assert.deepEqual(unexpected, []);
  await page.close();
}

const live = (page) => page.waitForSelector('#link[data-is="live"]', PATIENCE);

const shows = (page, selector, text) =>
  page.waitForFunction((where, what) => document.querySelector(where)?.textContent.includes(what), PATIENCE, selector, text);

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.id);

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

async function scenario(name, run) {
  const start = Date.now();
  try {
    await run();
    console.log(`${name}: ${Date.now() - start} ms`);
  } catch (fault) {
    console.log(`${name} failed: ${fault.stack}`);
    await browser.close();
    process.exit(1);
  }
}

/** No rule of axe is violated, and nothing is wider than the window. */
async function isAccessible(page, name) {
  await page.evaluate(axe); // which the policy for content does not bind
  const found = await page.evaluate(async () => (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`));
  assert.deepEqual(found, [], name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} scrolls sideways`);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.webp`, type: 'webp', quality: 60, fullPage: true });
}

const VIEWS = ['light', 'dark'].flatMap((scheme) => [1280, 360].map((width) => ({ scheme, width })));

async function inEachView(name, at, ready) {
  for (const view of VIEWS) {
    await look({ ...view, at }, async (page) => {
      await page.waitForSelector(ready, PATIENCE);
      await isAccessible(page, `${name}-${view.scheme}-${view.width}`);
    });
  }
}

await scenario('an empty registry says how to begin', () =>
  look({}, async (page) => {
    await shows(page, '#the-story', 'metakey register');
    await isAccessible(page, 'empty');
  }));

await scenario('a field appears as soon as it is registered', () =>
  look({}, async (page) => {
    await host('cli', 'register', 'edge.packet_id:8', 'edge.hop:2', '--service', 'edge');
    await shows(page, '.id[data-id="0"]', 'packet_id');
    await shows(page, '#news', 'edge.hop is active now: id 1, of edge (uid 0).');
    await shows(page, '#the-area', 'edge.hop, id 1, bytes -26 to -25');
    await host('cli', 'release', 'edge.hop', '--service', 'edge');
    await page.waitForSelector('.id.retired[data-id="1"]', PATIENCE);
    await shows(page, '#news', 'edge.hop is retired now');
  }));

await scenario('nothing is in the way of anybody: axe, light and dark, wide and a phone', async () => {
  const owners = { firewall: 'fw.verdict:2 fw.rule:4', nat: 'nat.port:2 nat.source:4', tracer: 'trace.flow:8', lb: 'lb.backend:4', qos: 'qos.class:2', vpn: 'vpn.peer:4', acl: 'acl.entry:4' };
  for (const [owner, fields] of Object.entries(owners)) await host('cli', 'register', ...fields.split(' '), '--service', owner);
  await host('cli', 'reserve', 'legacy.mark', '--id', '40', '--size', '4');
  await inEachView('story', '#edge.hop', '.history');
  await host('cli', 'read-only', 'on', '--reason', 'the disk is being replaced');
  await look({ scheme: 'dark' }, async (page) => {
    await shows(page, '#problems', 'the disk is being replaced');
    await isAccessible(page, 'read-only');
  });
  await host('cli', 'read-only', 'off');
});

await scenario('what services say of their fields is text', async () => {
  const name = `x.${'a'.repeat(61)}`;
  await host('cli', 'register', name, '--size', '4', '--description', HOSTILE, '--service', 's'.repeat(128));
  await host('wait', 'edge.later', 'tracer');
  await look({ at: `#${name}`, width: 320 }, async (page) => {
    await shows(page, '#the-story', HOSTILE);
    await shows(page, '#owners', 'sss');
    await shows(page, '#waiting', 'tracer (uid 0)');
    await shows(page, '#waiting', 'edge.later');
    assert.equal(await page.evaluate(() => window.wasRun), undefined);
    assert.equal(await page.evaluate(() => document.images.length), 1);
    await isAccessible(page, 'long-names');
  });
});

await scenario('everything can be reached with the keyboard', () =>
  look({}, async (page) => {
    await press(page, 'Tab', 'Tab');
    assert.equal(await focused(page), 'query');
    await press(page, 'Tab');
    assert.equal(await focused(page), '0');
    await press(page, 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'End', 'Home', 'ArrowRight');
    assert.equal(await focused(page), '9');
    await press(page, 'ArrowUp', 'Enter');
    await shows(page, '.history', 'Released');
    assert.equal(await focused(page), 'story-title');
    assert.equal(new URL(page.url()).hash, '#edge.hop');
    await press(page, 'Escape');
    assert.equal(await focused(page), '1');
    await press(page, '/');
    await page.keyboard.type('packet');
    await shows(page, '#found', '1 id found');
    await isAccessible(page, 'search');
    await press(page, 'Enter');
    assert.equal(await focused(page), '0');
    await press(page, '/', 'Escape');
    assert.equal(await page.$eval('#query', (query) => query.value), '');
  }));

await scenario('an address names a field', () =>
  look({ at: '#edge.hop' }, async (page) => {
    await shows(page, '#story-title', 'edge.hop');
    await page.evaluate(() => (location.hash = '#50'));
    await shows(page, '#story-title', 'Id 50 is free');
  }));

await scenario('other names of this host, and other pages, are told nothing', async () => {
  const port = new URL(url).port;
  const page = await browser.newPage();
  const answer = await page.goto(`http://rebound.example:${port}/`);
  assert.equal(answer.status(), 403);
  assert.match(await answer.text(), /only requests for this host/);
  const other = createServer((request, reply) => reply.setHeader('Content-Type', 'text/html').end('<p>another page'));
  await new Promise((begun) => other.listen(0, '127.0.0.1', begun));
  await page.goto(`http://localhost:${other.address().port}/`);
  const told = await page.evaluate(async (target) => {
    const read = await fetch(`${target}api/state`).then((reply) => reply.text(), () => 'nothing');
    const heard = await new Promise((resolve) => {
      const source = new EventSource(`${target}api/events`);
      source.onmessage = source.onopen = () => resolve('something');
      source.onerror = () => resolve('nothing');
    });
    return [read, heard];
  }, url);
  assert.deepEqual(told, ['nothing', 'nothing']);
  other.close();
  await page.close();
});

await scenario('a daemon that is gone is missed, and found again', () =>
  look({ faults: ['ERR_CONNECTION_REFUSED', 'ERR_INCOMPLETE_CHUNKED_ENCODING', 'ERR_EMPTY_RESPONSE', 'ERR_CONNECTION_RESET'] }, async (page) => {
    await host('stop');
    await page.waitForSelector('#link[data-is="lost"]', PATIENCE);
    await shows(page, '#link-words', 'metakeyd has not answered since');
    await shows(page, '#link-next', 'Next try in');
    await isAccessible(page, 'gone');
    await page.click('.id[data-id="0"]');
    await shows(page, '#the-story', 'its story comes when it does');
    await host('start');
    await page.click('#link-now').catch(() => {}); // it may have asked by itself
    await live(page);
    await shows(page, '.history', 'edge.packet_id');
    await host('cli', 'register', 'edge.after:2', '--service', 'edge');
    await shows(page, '#the-ids', 'after');
  }));

await browser.close();
process.exit(0);
