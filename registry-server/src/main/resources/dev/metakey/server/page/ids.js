// The 64 ids as a grid of eight rows. The cells stay, and are filled anew.

import { byId, count, el, ensureStop, lastPart, ownersOf, refill, seen, steps } from './dom.js';

const COLUMNS = 8;
const COLOURS = 8;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#@';

const MARKS = { retired: '~', reserved: '=', free: '·', admins: '*', hidden: '?' };

/** The letter and the colour of each owner, by what `ownersOf` says. */
export function lettersOf(state) {
  const letters = new Map();
  for (const { field } of state.ids) {
    const owners = field ? ownersOf(field) : '';
    if (owners && !letters.has(owners)) {
      letters.set(owners, { letter: LETTERS[letters.size], colour: letters.size % COLOURS });
    }
  }
  return letters;
}

/** How an id is drawn: active, retired, reserved, free, admins or hidden. */
export function kindOf(entry) {
  if (entry.hidden) return 'hidden';
  return entry.state === 'free' && entry.for_admins ? 'admins' : entry.state;
}

function words(entry) {
  const { field } = entry;
  if (entry.hidden) return `Id ${entry.id}, not shown here`;
  if (!field) return `Id ${entry.id}, free${entry.for_admins ? ', for admins only' : ''}`;
  const owners = ownersOf(field);
  return `Id ${entry.id}, ${field.name}, ${field.size} bytes, ${field.state}${owners ? `, of ${owners}` : ''}`;
}

/** Makes the grid. open(id) is called for the id that is chosen. */
export function makeIds(open) {
  const grid = byId('the-ids');
  for (let row = 0; row < 64; row += COLUMNS) {
    const cells = Array.from({ length: COLUMNS }, (_, i) =>
      el('div', { role: 'gridcell', class: 'id', tabindex: '-1', 'data-id': row + i }),
    );
    grid.append(el('div', { role: 'row' }, cells));
  }
  steps(grid, '.id', COLUMNS);
  ensureStop(grid, '.id');
  const choose = (event) => {
    const cell = event.target.closest('.id');
    if (cell) open(Number(cell.dataset.id));
  };
  grid.addEventListener('click', choose);
  grid.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      choose(event);
    }
  });
}

export const cellOf = (id) => document.querySelector(`.id[data-id="${id}"]`);

export function showIds(state, letters, chosen) {
  for (const entry of state.ids) {
    const { field } = entry;
    const cell = cellOf(entry.id);
    const kind = kindOf(entry);
    const owner = field && letters.get(ownersOf(field));
    cell.className = `id ${kind}${owner ? ` owner-${owner.colour}` : ''}`;
    cell.setAttribute('aria-selected', entry.id === chosen);
    cell.title = field ? field.name : '';
    cell.replaceChildren(
      el('span', { class: 'unseen' }, words(entry)),
      seen('number', String(entry.id)),
      seen('mark', (owner?.letter ?? (field ? '-' : '')) + (MARKS[kind] ?? '')),
      seen('size', field ? String(field.size) : ''),
      seen('name', field ? lastPart(field.name) : ''),
    );
  }
  showLegend(state);
}

function showLegend(state) {
  const kinds = new Map();
  for (const entry of state.ids) kinds.set(kindOf(entry), (kinds.get(kindOf(entry)) ?? 0) + 1);
  const names = { active: 'active', retired: 'retired', reserved: 'reserved', free: 'free', admins: 'free, for admins only', hidden: 'not shown' };
  refill(
    byId('legend'),
    Object.entries(names)
      .filter(([kind]) => kinds.has(kind) || kind === 'active')
      .map(([kind, name]) =>
        el('li', {}, el('span', { class: `sample ${kind}`, 'aria-hidden': 'true' }, MARKS[kind] ?? ''), `${kinds.get(kind) ?? 0} ${name}`),
      ),
  );
}

/** Whether all words of the query are somewhere in what is known of an id. */
function matches(entry, query) {
  const { field } = entry;
  if (!field) return query.every((word) => word === String(entry.id));
  const text = [entry.id, field.name, field.description, field.state, field.format, field.sharing, ownersOf(field)].join(' ').toLowerCase();
  return query.every((word) => text.includes(word));
}

/** Fades what is not found, and returns the first id that is; null if there is none. */
export function search(state, text) {
  const query = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = query.length ? state.ids.filter((entry) => matches(entry, query)) : [];
  const ids = new Set(found.map((entry) => entry.id));
  for (const element of document.querySelectorAll('[data-id]')) {
    const isFound = ids.has(Number(element.dataset.id));
    element.classList.toggle('found', isFound);
    element.classList.toggle('faded', query.length > 0 && !isFound);
  }
  byId('found').textContent = query.length ? `${count(found.length, 'id')} found` : '';
  return found.length ? found[0].id : null;
}

/** What has changed between two states, in words; empty if nothing has. */
export function newsOf(before, after) {
  if (!before || before.registry.registry_id !== after.registry.registry_id) return '';
  const mark = (entry) => [entry.state, entry.field?.name, entry.field?.generation, entry.field && ownersOf(entry.field)].join('|');
  const changed = after.ids.filter((entry, id) => mark(entry) !== mark(before.ids[id]));
  if (changed.length > 3) return `${changed.length} ids have changed.`;
  return changed.map((entry) => sentence(entry, before.ids[entry.id])).join(' ');
}

function sentence(entry, was) {
  const { field, id } = entry;
  if (!field) return `Id ${id} is ${entry.hidden ? 'taken' : 'free'} now${was.field ? `: ${was.field.name} is gone` : ''}.`;
  const owners = ownersOf(field);
  return `${field.name} is ${field.state} now: id ${id}${owners ? `, of ${owners}` : ''}.`;
}
