// The area before a packet as a ruler of bytes: whole rows, the last of which ends where the packet
// starts.

import { byId, count, el, ensureStop, lastPart, ownersOf, refill, seen, steps } from './dom.js';

const WORDS = { presence: 'presence', high: 'high', low: 'low', tag: 'tag', zero: '0', free: '' };

const wide = matchMedia('(min-width: 64rem)');
const middle = matchMedia('(min-width: 40rem)');

const bytesInARow = () => (wide.matches ? 64 : middle.matches ? 32 : 16);

/** again(): draws the last state once more, as rows have another length. */
export function makeArea(open, again) {
  const area = byId('the-area');
  steps(area, 'button', 1);
  area.addEventListener('click', (event) => {
    const piece = event.target.closest('button');
    if (piece) open(Number(piece.dataset.id));
  });
  wide.addEventListener('change', again);
  middle.addEventListener('change', again);
}

export function showArea(state, letters) {
  byId('area-words').textContent = sentence(state);
  const bytes = bytesInARow();
  const rows = [];
  for (let end = 0; end > -state.registry.area_bytes; end -= bytes) {
    rows.unshift(row(state, letters, end - bytes, end));
  }
  refill(byId('the-area'), rows);
  ensureStop(byId('the-area'), 'button');
}

function sentence({ registry, slot_bytes, slot_bytes_for_admins, value_bytes, area }) {
  if (registry.layout === 'slotted') {
    const taken = area.filter(({ what }) => what === 'field').reduce((sum, { size }) => sum + size, 0);
    const rest = slot_bytes_for_admins ? ` The last ${slot_bytes_for_admins} are for admins only.` : '';
    return `${count(registry.area_bytes, 'byte')}, slotted layout: ${taken} of ${slot_bytes} slot bytes are taken.${rest}`;
  }
  return `${count(registry.area_bytes, 'byte')}, packed layout: all fields together take ${value_bytes} of ${registry.area_bytes - 24} bytes. A packet carries only those that are set.`;
}

function row(state, letters, from, to) {
  const start = Math.max(from, -state.registry.area_bytes);
  const pieces = state.area.filter(({ at, size }) => at < to && at + size > start);
  const line = el('div', { class: 'bytes' }, pieces.map((piece) => drawn(state, letters, piece, start, to)));
  line.style.gridTemplateColumns = `repeat(${to - start}, minmax(0, 1fr))`;
  line.style.marginLeft = `${(100 * (start - from)) / (to - from)}%`;
  line.style.setProperty('--words', (to - start) / 8);
  return el('div', { class: 'ruler' }, el('span', { class: 'offset', 'aria-hidden': 'true' }, String(start)), line);
}

function drawn(state, letters, { at, size, what, id }, from, to) {
  const entry = id === null ? null : state.ids[id];
  const begin = Math.max(at, from);
  const end = Math.min(at + size, to);
  const field = entry?.field;
  const isNarrow = 20 * (end - begin) < bytesInARow();
  const title = `${what}: bytes ${at} to ${at + size - 1}`;
  const piece = field
    ? fieldPiece(field, letters, at, `${id}:${begin}`, isNarrow)
    : el('span', { class: `piece ${what}`, title }, entry ? '?' : WORDS[what]);
  piece.style.gridColumn = `${begin - from + 1} / ${end - from + 1}`;
  return piece;
}

function fieldPiece(field, letters, at, key, isNarrow) {
  const owner = letters.get(ownersOf(field));
  return el(
    'button',
    {
      type: 'button',
      class: `piece field ${field.state}${owner ? ` owner-${owner.colour}` : ''}`,
      tabindex: '-1',
      'data-id': field.id,
      'data-key': key,
      title: `${field.name}: bytes ${at} to ${at + field.size - 1}`,
    },
    el('span', { class: 'unseen' }, `${field.name}, id ${field.id}, bytes ${at} to ${at + field.size - 1}`),
    seen('number', String(field.id)),
    !isNarrow && seen('name', lastPart(field.name)),
  );
}
