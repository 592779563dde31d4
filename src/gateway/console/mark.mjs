// The mark in a journal: a slider that lies behind the last entry that is kept.
import { el } from './dom.mjs';

const PAGE = 10;
const EDGE = 90;

/**
 * Makes the mark of a journal.  last: the highest index; moved(index): called when it is
 * moved.  Returns its element, place(index), say(words, ok), show(focus), remove().
 */
export function restartMark(journal, { last, moved }) {
  let index = 0;
  const label = el('span', { class: 'mark-label', 'aria-hidden': 'true' });
  const element = el('div', {
    id: 'restart-mark', class: 'mark', role: 'slider', tabindex: 0, 'aria-orientation': 'vertical', 'aria-label': 'Restart mark',
    'aria-valuemin': 0, 'aria-valuemax': last, 'aria-controls': 'restart-outcome', onkeydown: key, onpointerdown: grab, onpointermove: drag, onpointerup: drop, onpointercancel: drop,
  }, el('span', { class: 'knob', 'aria-hidden': 'true' }), label);
  const watcher = new ResizeObserver(() => put());

  journal.overlay.replaceChildren(element);
  journal.list.classList.add('marked');
  journal.list.addEventListener('click', pick);
  watcher.observe(journal.list);

  function pick(event) {
    const row = event.target.closest('li[data-index]');
    if (row && !event.target.closest('button, a, .detail') && document.getSelection().isCollapsed) moved(Number(row.dataset.index));
  }

  function key(event) {
    const to = {
      ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1, PageDown: index + PAGE, PageUp: index - PAGE, Home: 0, End: last,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    moved(Math.min(Math.max(to, 0), last));
    show();
  }

  function grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.classList.add('dragged');
    element.focus({ preventScroll: true });
  }

  function drag(event) {
    if (!element.hasPointerCapture(event.pointerId)) return;
    if (event.clientY < EDGE) window.scrollBy(0, -12);
    else if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, 12);
    const to = indexAt(event.clientY);
    if (to !== index) moved(to);
  }

  function drop(event) {
    element.classList.remove('dragged');
    if (element.hasPointerCapture(event.pointerId)) element.releasePointerCapture(event.pointerId);
  }

  /** Returns the entry whose end is nearest to a height. */
  function indexAt(y) {
    const { entries } = journal;
    let low = 0;
    let high = entries.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = journal.rowOf(entries[middle].index).getBoundingClientRect().bottom;
      const next = journal.rowOf(entries[middle + 1].index).getBoundingClientRect().bottom;
      if (y > (end + next) / 2) low = middle + 1;
      else high = middle;
    }
    return entries[low]?.index ?? 0;
  }

  /** Puts it behind its row, which makes room for it. */
  function put() {
    const row = journal.rowOf(index);
    const before = journal.list.querySelector('.split');
    if (before !== row) {
      before?.classList.remove('split');
      row?.classList.add('split');
    }
    element.hidden = !row;
    if (row) element.style.setProperty('top', `${journal.list.offsetTop + row.offsetTop + row.offsetHeight}px`);
  }

  function place(to) {
    index = to;
    element.setAttribute('aria-valuenow', index);
    label.textContent = `restart behind ${index}`;
    put();
  }

  function say(words, ok = true) {
    element.setAttribute('aria-valuetext', words);
    element.classList.toggle('refused', !ok);
  }

  function show(focus = false) {
    element.scrollIntoView({ block: 'nearest' });
    if (focus) element.focus({ preventScroll: true });
  }

  function remove() {
    watcher.disconnect();
    journal.list.classList.remove('marked');
    journal.list.querySelector('.split')?.classList.remove('split');
    journal.list.removeEventListener('click', pick);
    element.remove();
  }
  return { element, place, say, show, remove };
}
