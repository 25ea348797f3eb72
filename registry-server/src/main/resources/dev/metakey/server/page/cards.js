// Health, owners, those who wait, and limits.

import { byId, count, el, facts, moment, ownerWords, ownersOf, refill } from './dom.js';

export function showCards(state, letters) {
  showProblems(state);
  refill(byId('health'), health(state));
  refill(byId('owners'), owners(state, letters));
  refill(byId('waiting'), waiting(state));
  refill(byId('limits'), limits(state));
}

function showProblems({ health: { problems, read_only } }) {
  const all = read_only && !problems.some((text) => text.includes(read_only)) ? [`read-only: ${read_only}`, ...problems] : problems;
  const section = byId('problems');
  section.hidden = all.length === 0;
  refill(section.querySelector('ul'), all.map((text) => el('li', {}, text)));
}

function health({ daemon, health: { changes_possible, read_only }, registry, publications, programs, queues }) {
  const changes = changes_possible ? 'yes' : read_only ? 'no: it is read-only' : 'no';
  return [
    facts(
      ['Changes are possible', el('span', { class: changes_possible ? 'good' : 'bad' }, changes)],
      ['Loaded programs', programWords(programs)],
      ['Watches', count(queues.watches, 'watch', 'watches')],
      ['Version', `metakeyd ${daemon.version}`],
      ['Started', moment(daemon.started_at)],
      ['Registry', el('code', {}, registry.registry_id)],
    ),
    publications.length && el('h3', {}, 'Published'),
    el('ul', { class: 'plain' }, publications.map((publication) => published(publication, registry.revision))),
  ];
}

function programWords({ looked_at, loaded, stale, unseen }) {
  if (!looked_at) return 'not looked at';
  if (unseen) return el('span', { class: 'bad' }, `cannot be seen: ${unseen}`);
  const words = `${loaded} use fields`;
  return stale ? [words, ', ', el('span', { class: 'bad' }, `${stale} of them stale`)] : words;
}

function published({ name, path, revision, problem }, newest) {
  const isNew = revision === newest && !problem;
  const words = problem ?? (revision === null ? 'not published yet' : isNew ? 'up to date' : `at revision ${revision}`);
  return el('li', { title: path }, el('code', {}, name), ' ', el('span', { class: isNew ? 'good' : 'bad' }, words));
}

function owners(state, letters) {
  const holdings = new Map();
  for (const { field } of state.ids) {
    if (field && field.owners.length) {
      const held = holdings.get(ownersOf(field)) ?? { ids: 0, bytes: 0 };
      holdings.set(ownersOf(field), { ids: held.ids + 1, bytes: held.bytes + field.size });
    }
  }
  if (!holdings.size) return el('p', { class: 'faint' }, 'Nobody owns a field.');
  const rows = [...holdings].map(([name, { ids, bytes }]) => {
    const { letter, colour } = letters.get(name);
    return el(
      'li',
      {},
      el('button', { type: 'button', class: 'row', 'data-query': name, 'data-key': name }, el('span', { class: `letter owner-${colour}` }, letter), el('span', { class: 'grow' }, name), el('span', { class: 'faint' }, `${count(ids, 'id')}, ${count(bytes, 'byte')}`)),
    );
  });
  return [el('ul', { class: 'plain' }, rows), el('p', { class: 'faint small' }, 'Choose one to find its fields.')];
}

function waiting({ queues, waiters }) {
  if (!queues.resolves) return el('p', { class: 'faint' }, 'Nobody waits for a name.');
  const all = count(queues.resolves, 'resolve waits', 'resolves wait');
  if (waiters === null) {
    return el('p', {}, `${all} for names. Admins are told which: `, el('code', {}, 'metakey pending'), '.');
  }
  const rest = queues.resolves - waiters.length;
  return [
    el('ul', { class: 'plain' }, waiters.map(waiter)),
    rest > 0 && el('p', { class: 'faint' }, `and ${rest} more`),
  ];
}

function waiter({ peer, missing, missing_names, since }) {
  const more = missing_names > missing.length ? ` and ${missing_names - missing.length} more` : '';
  return el(
    'li',
    {},
    el('p', {}, el('span', { class: 'name' }, missing.join(', ')), more),
    el('p', { class: 'faint small' }, ownerWords(peer.owner), peer.pid ? `, pid ${peer.pid}` : '', ', since ', moment(since)),
  );
}

function limits({ limits: all }) {
  return el('ul', { class: 'plain' }, all.map(limit));
}

function limit({ name, per_uid, total, used, refused, users, near, biggest }) {
  const words = total ? `${used.toLocaleString('en')} of ${total.toLocaleString('en')}` : `${used.toLocaleString('en')}; ${per_uid.toLocaleString('en')} for each uid`;
  const who = biggest.length ? `; uid ${biggest[0].uid} has ${biggest[0].used.toLocaleString('en')}` : '';
  const bar = el('span', { class: `bar${near ? ' near' : ''}`, 'aria-hidden': 'true' }, el('span'));
  bar.firstChild.style.width = `${Math.min(100, (100 * used) / (total || per_uid || 1))}%`;
  return el(
    'li',
    {},
    el('p', { class: 'line' }, el('span', {}, name.replaceAll('_', ' ')), el('span', { class: near ? 'bad' : 'faint' }, words)),
    bar,
    (refused > 0 || who) && el('p', { class: 'faint small' }, `${count(users, 'uid')}${who}`, refused > 0 && el('span', { class: 'bad' }, `, ${count(refused, 'time')} refused`)),
  );
}
