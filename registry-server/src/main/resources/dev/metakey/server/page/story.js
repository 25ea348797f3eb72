// What is known of one id: the field that has it, its history, and the programs that use it.

import { byId, count, duration, el, facts, moment, ownerWords, ownersOf, refill } from './dom.js';

const KINDS = {
  created: 'Registered',
  restored: 'Brought back',
  joined: 'Joined by another owner',
  left: 'Left by an owner',
  released: 'Released',
  expired: 'Expired: its ttl ran out',
  freed: 'The id became free',
  moved: 'Moved to another slot',
  adopted: 'Adopted: loaded programs use it',
  forced: 'Released by force',
  transferred: 'Handed to another owner',
  recovered: 'Recovered',
  reserved: 'Reserved',
  unreserved: 'The reservation ended',
};

/** Shows that an id was chosen, before more is known of it. */
export function showWaiting(entry) {
  fill(entry, el('p', { class: 'faint' }, 'Asking for its story.'));
}

export function showFailure(entry, why) {
  fill(entry, el('p', { class: 'bad' }, why));
}

/** What is there while no id is chosen. */
export function showNothing(state) {
  const isEmpty = state.ids.every((entry) => entry.state === 'free');
  refill(
    byId('the-story'),
    el('h2', { id: 'story-title' }, isEmpty ? 'Nothing is registered yet' : 'A field’s story'),
    isEmpty
      ? [
          el('p', {}, 'All 64 ids are free. A service registers its fields when it starts, or by hand:'),
          el('pre', { tabindex: '0', 'data-key': 'example' }, 'metakey register edge.packet_id --size 8'),
          el('p', { class: 'faint' }, 'It appears here at once.'),
        ]
      : el('p', { class: 'faint' }, 'Choose an id to see whose it is, what happened to it, and which programs use it.'),
  );
}

export function showStory(state, entry, story) {
  fill(entry, about(story), blockers(story), programs(state, story), history(story));
}

function fill(entry, ...parts) {
  const { field } = entry;
  const title = entry.hidden ? `Id ${entry.id} is not shown here` : field ? field.name : `Id ${entry.id} is free`;
  refill(
    byId('the-story'),
    el('div', { class: 'line' }, el('h2', { id: 'story-title', tabindex: '-1', 'data-key': 'title', class: field ? 'name' : null }, title), el('button', { type: 'button', id: 'story-close', 'data-key': 'close' }, 'Back to the ids')),
    ...parts,
  );
}

function about({ field, id, last_used }) {
  if (!field || field.state === 'free') {
    return field ? facts(['Last field', el('span', { class: 'name' }, field.name)], ['Last owner', ownersOf(field)]) : null;
  }
  return [
    el('p', { class: 'badges' }, el('span', { class: `badge ${field.state}` }, field.state), el('span', { class: 'badge' }, `id ${id}`), el('span', { class: 'badge' }, count(field.size, 'byte'))),
    field.description && el('p', {}, field.description),
    facts(
      ['Owner', ownersOf(field) || 'nobody'],
      ['Slot', field.slot ? `${field.slot} bytes before the packet` : ''],
      ['Generation', field.generation || ''],
      ['Format', field.format],
      ['Merging', field.merge.replace('_', ' ')],
      ['Sharing', field.sharing],
      ['Ttl', field.ttl_ms && duration(field.ttl_ms)],
      ['Expires', field.expires_at && moment(field.expires_at)],
      ['Reserved by', field.reservation && field.reservation.by + (field.reservation.foreign ? ', for a foreign program' : '')],
      ['Registered', field.created?.at && [moment(field.created.at), `, revision ${field.created.revision}`]],
      ['Retired', field.retired?.at && [moment(field.retired.at), `, revision ${field.retired.revision}`]],
      ['Last used', last_used && moment(last_used)],
    ),
  ].flat();
}

function blockers({ blockers: all }) {
  return all.length && [
    el('h3', {}, 'Why the id is not free'),
    el('ul', {}, all.map(({ text, until }) => el('li', {}, until ? ['Until ', moment(until), ': '] : null, text))),
  ];
}

function programs({ programs: { looked_at, unseen } }, { programs: all, field }) {
  if (!field || field.state === 'free') return null;
  const title = el('h3', {}, 'Programs that use it');
  if (!looked_at) return [title, el('p', { class: 'faint' }, 'This metakeyd does not look at loaded programs.')];
  if (unseen) return [title, el('p', { class: 'bad' }, `Loaded programs cannot be seen: ${unseen}`)];
  if (all === null) {
    return [title, el('p', { class: 'faint' }, 'Admins are told: ', el('code', {}, 'metakey users'), '.')];
  }
  return [title, all.length ? el('ul', {}, all.map(program)) : el('p', { class: 'faint' }, 'No loaded program uses it.')];
}

function program({ id, name, type, role, linked, stale_because }) {
  return el(
    'li',
    {},
    el('code', {}, `${name || 'unnamed'}`),
    ` (${type}, program ${id}) ${role}${linked ? '' : ', not linked'}`,
    stale_because && el('span', { class: 'bad' }, `. Stale: ${stale_because}`),
  );
}

function history({ history: all, history_problem }) {
  const title = el('h3', {}, 'History of the id');
  if (history_problem) return [title, el('p', { class: 'bad' }, `It cannot be read now: ${history_problem}`)];
  if (!all.length) return [title, el('p', { class: 'faint' }, 'Nothing is recorded.')];
  return [title, el('ol', { class: 'history' }, all.map(change))];
}

function change({ kind, at, revision, before, after, peer, admin }) {
  const field = after ?? before;
  const to = kind === 'transferred' && after ? ` to ${ownersOf(after)}` : '';
  const by = `${ownerWords(peer.owner)}${peer.pid ? `, pid ${peer.pid}` : ''}${admin ? ', admin' : ''}`;
  return el(
    'li',
    {},
    el('p', {}, el('strong', {}, KINDS[kind] ?? kind), to, ' ', el('span', { class: 'name' }, field.name)),
    el('p', { class: 'faint small' }, moment(at), `, revision ${revision}, by ${by}`),
  );
}
