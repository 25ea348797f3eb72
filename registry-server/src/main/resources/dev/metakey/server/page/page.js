// Puts the parts together: the state comes in from metakeyd, and each part shows its share of it.

import { makeArea, showArea } from './area.js';
import { showCards } from './cards.js';
import { byId, count } from './dom.js';
import { cellOf, lettersOf, makeIds, newsOf, search, showIds } from './ids.js';
import { follow } from './live.js';
import { showFailure, showNothing, showStory, showWaiting } from './story.js';

let state = null;
let chosen = null;
let wanted = location.hash;

function show(newest) {
  const news = newsOf(state, newest);
  state = newest;
  const letters = lettersOf(state);
  const { registry } = state;
  byId('registry').textContent = `Revision ${registry.revision.toLocaleString('en')}, ${registry.layout} layout, area of ${count(registry.area_bytes, 'byte')}`;
  byId('scope').textContent = state.shows === 'full' ? 'It shows what admins may read.' : 'It shows what everybody on this host may read.';
  if (news) byId('news').textContent = news;
  showIds(state, letters, chosen);
  showArea(state, letters);
  showCards(state, letters);
  search(state, byId('query').value);
  if (wanted) followLink();
  else tellStory();
}

/** Opens what the address names after '#': a field by its name, or an id by its number. */
function followLink() {
  const name = decodeURIComponent(wanted.slice(1));
  wanted = '';
  const entry = state.ids.find(({ id, field }) => String(id) === name || field?.name === name);
  chosen = entry ? entry.id : null;
  showIds(state, lettersOf(state), chosen);
  tellStory();
}

let asked = 0;

/** Shows the story of the id that is chosen, anew. */
async function tellStory() {
  if (chosen === null) {
    showNothing(state);
    return;
  }
  const turn = ++asked;
  const entry = state.ids[chosen];
  try {
    const answer = await fetch(`api/field?id=${entry.id}`);
    const story = answer.ok ? await answer.json() : null;
    if (turn !== asked) return; // another one was chosen meanwhile
    if (story) showStory(state, entry, story);
    else showFailure(entry, `metakeyd does not tell its story: ${answer.status}`);
  } catch {
    if (turn === asked) showFailure(entry, 'metakeyd does not answer; its story comes when it does.');
  }
}

function open(id) {
  chosen = id;
  const entry = state.ids[id];
  history.replaceState(null, '', `#${entry.field ? entry.field.name : id}`);
  showIds(state, lettersOf(state), chosen);
  search(state, byId('query').value);
  showWaiting(entry);
  byId('story-title').focus({ preventScroll: true });
  byId('the-story').scrollIntoView({ block: 'nearest' });
  tellStory();
}

function close() {
  if (chosen === null) return;
  const cell = cellOf(chosen);
  chosen = null;
  asked += 1;
  history.replaceState(null, '', location.pathname);
  showIds(state, lettersOf(state), chosen);
  search(state, byId('query').value);
  showNothing(state);
  cell.focus();
}

function find(text) {
  const query = byId('query');
  query.value = text;
  query.focus();
  search(state, text);
}

function wireSearch() {
  const query = byId('query');
  query.addEventListener('input', () => state && search(state, query.value));
  query.addEventListener('keydown', (event) => {
    const first = event.key === 'Enter' && state ? search(state, query.value) : null;
    if (first !== null) cellOf(first).focus();
    if (event.key === 'Escape') {
      event.stopPropagation();
      find('');
      document.querySelector('.id[tabindex="0"]').focus();
    }
  });
  byId('owners').addEventListener('click', (event) => {
    const owner = event.target.closest('[data-query]');
    if (owner) find(owner.dataset.query);
  });
}

function wireKeys() {
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest('input');
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      byId('query').select();
      byId('query').focus();
    }
    if (event.key === 'Escape' && state) close();
  });
  byId('the-story').addEventListener('click', (event) => {
    if (event.target.closest('#story-close')) close();
  });
  addEventListener('hashchange', () => {
    if (location.hash.includes('-')) return; // a part of this page
    wanted = location.hash;
    if (state) followLink();
  });
}

function showLink(is, words, next) {
  byId('link').dataset.is = is;
  if (byId('link-words').textContent !== words) byId('link-words').textContent = words;
  byId('link-next').textContent = next;
  byId('link-now').hidden = is !== 'lost';
  document.body.classList.toggle('stale', is === 'lost');
}

makeIds((id) => state && open(id));
makeArea((id) => state && open(id), () => state && showArea(state, lettersOf(state)));
wireSearch();
wireKeys();
const askNow = follow(
  (newest) => {
    showLink('live', 'Live', '');
    show(newest);
  },
  (since, seconds) => showLink('lost', `metakeyd has not answered since ${since.toLocaleTimeString('en-GB')}.`, `Next try in ${seconds} s.`),
);
byId('link-now').addEventListener('click', askNow);
