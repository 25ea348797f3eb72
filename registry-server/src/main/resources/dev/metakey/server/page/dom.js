// Elements, and how values are written for people. Whatever comes from the registry becomes text,
// never markup.

/** An element with attributes and children. Null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text for the eye alone, of which something beside it tells in full. */
export const seen = (name, text) => el('span', { class: name, 'aria-hidden': 'true' }, text);

export const byId = (id) => document.getElementById(id);

/** Puts other children into an element. The focus stays on what has the same data-key. */
export function refill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...children.flat().filter(Boolean));
  if (focused !== undefined) {
    parent.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

/** Lets the arrow keys go from one item to another, so that Tab stops only once. */
export function steps(parent, selector, columns) {
  const items = () => [...parent.querySelectorAll(selector)];
  const stop = (item) => items().forEach((each) => (each.tabIndex = each === item ? 0 : -1));
  parent.addEventListener('focusin', (event) => {
    const item = event.target.closest(selector);
    if (item) stop(item);
  });
  parent.addEventListener('keydown', (event) => {
    const all = items();
    const at = all.indexOf(event.target.closest(selector));
    if (at < 0 || event.altKey || event.metaKey) return;
    const rowStart = at - (at % columns);
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: columns > 1 ? at + columns : undefined,
      ArrowUp: columns > 1 ? at - columns : undefined,
      Home: event.ctrlKey || columns === 1 ? 0 : rowStart,
      End: event.ctrlKey || columns === 1 ? all.length - 1 : rowStart + columns - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[to]?.focus();
  });
}

/** One stop for Tab where there is none yet. */
export function ensureStop(parent, selector) {
  if (!parent.querySelector(`${selector}[tabindex="0"]`)) {
    const first = parent.querySelector(selector);
    if (first) first.tabIndex = 0;
  }
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** Whose a field is, as `metakey list` writes it. */
export function ownerWords(owner) {
  if (owner.kind === 'unit') return owner.service;
  if (owner.kind === 'container') return `${owner.service || 'unnamed'} (container)`;
  return owner.service ? `${owner.service} (uid ${owner.uid})` : `uid ${owner.uid}`;
}

export const ownersOf = (field) => field.owners.map(ownerWords).join(', ');

export const lastPart = (name) => name.slice(name.lastIndexOf('.') + 1);

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** A moment in local time. */
export function moment(text) {
  return el('time', { datetime: text }, MOMENT.format(new Date(text)));
}

export function duration(ms) {
  const units = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]];
  const [name, size] = units.find(([, length]) => ms >= length) ?? ['ms', 1];
  return `${Math.round((ms / size) * 10) / 10} ${name}`;
}

/** Rows of a description list; those without a value are left out. */
export function facts(...rows) {
  return el(
    'dl',
    {},
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
      .map(([what, value]) => el('div', {}, el('dt', {}, what), el('dd', {}, value))),
  );
}
