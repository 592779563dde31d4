// What becomes of each entry in a restart, on its row of the journal.
import { isCommand } from './entry.mjs';

const WORDS = { kept: 'kept', carried: 'follows', again: 'runs again', dropped: 'dropped', lacking: 'lacks its completion' };

/** Returns what becomes of an entry, by what the gateway says of the restart. */
export function fateOf(entry, preview) {
  if (!preview.ok) return entry.index === preview.lacking_index ? 'lacking' : null;
  if (entry.index <= preview.from_index) return 'kept';
  if (preview.completions.includes(entry.index)) return 'carried';
  return isCommand(entry) ? 'again' : 'dropped';
}

export function showFates(journal, preview) {
  for (const entry of journal.entries) setFate(journal.rowOf(entry.index), fateOf(entry, preview));
}

export function clearFates(journal) {
  for (const entry of journal.entries) setFate(journal.rowOf(entry.index), null);
}

function setFate(row, fate) {
  if (!row) return;
  if (fate) row.dataset.fate = fate;
  else delete row.dataset.fate;
  row.querySelector('.fate').textContent = fate && fate !== 'kept' ? WORDS[fate] : '';
}
