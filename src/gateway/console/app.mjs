// The page: finds out where it is, shows that, and stops what it showed before.
import { el, show } from './dom.mjs';
import { gatewaySettings, get } from './api.mjs';
import { askForToken, currentToken, forgetToken } from './token.mjs';
import { problem } from './parts.mjs';
import { link, place } from './router.mjs';
import { findPage } from './find.mjs';
import { invocationPage } from './invocation.mjs';
import { jobsPage } from './jobs.mjs';
import { newJobPage } from './new_job.mjs';
import { jobPage } from './job.mjs';

const main = document.getElementById('main');
let stop = () => {};
let visit = 0;

/** Returns the page that a fragment names: a function that fills the main part. */
function pageOf({ segments, parameters }) {
  const [first, second] = segments;
  if (first === 'invocation' && second) return { nav: 'find', title: second, open: invocationPage(second, parameters) };
  if (first === 'jobs' && second === 'new') return { nav: 'jobs', title: 'New bulk job', open: newJobPage(parameters) };
  if (first === 'jobs' && second) return { nav: 'jobs', title: 'Bulk job', open: jobPage(second) };
  if (first === 'jobs') return { nav: 'jobs', title: 'Bulk jobs', open: jobsPage() };
  if (first === undefined || first === 'find') return { nav: 'find', title: 'Find', open: findPage(parameters) };
  return { nav: null, title: 'Nothing here', open: nowhere };
}

async function nowhere(into) {
  show(into, el('h1', null, 'Nothing here'), el('p', null, 'The address names no page. ', el('a', { href: '#/find' }, 'Find invocations'), '.'));
}

/**
 * Shows the page of the address.  A page gets where to put its parts and a signal that
 * aborts when it is left, and returns a promise of what stops it, if something must.
 */
async function navigate(moved) {
  const { nav, title, open } = pageOf(place(location.hash));
  const aborter = new AbortController();
  const into = el('div', { class: 'page' });
  const mine = ++visit;
  const focused = document.activeElement?.id;

  stop();
  const stopping = [() => aborter.abort()];
  stop = () => stopping.forEach((each) => each());
  document.title = `${title} · Console`;
  for (const name of ['find', 'jobs']) {
    const anchor = document.getElementById(`nav-${name}`);
    if (name === nav) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  show(main, into);
  window.scrollTo(0, 0);
  try {
    const stopper = await open(into, aborter.signal);
    if (stopper) {
      if (mine === visit) stopping.push(stopper);
      else stopper();
    }
  } catch (error) {
    if (aborter.signal.aborted) return;
    into.append(problem(error));
  }
  // whoever followed a link goes on from the heading of where it leads, who filters from the filter
  if (moved && mine === visit) focusAgain(into, focused);
}

function focusAgain(into, id) {
  const same = id && document.getElementById(id);
  const heading = into.querySelector('h1');
  if (into.contains(document.activeElement)) return;
  if (same && into.contains(same)) {
    same.focus({ preventScroll: true });
    return;
  }
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Tells in the header which database this is. */
async function showWhere() {
  const [health, version] = await Promise.all([get('cluster-health').catch(() => null), get('version')]);
  document.getElementById('where').replaceChildren(
    el('span', { class: 'database', title: 'The database' }, health?.cluster_name ?? 'no database'),
    ' ', el('span', { class: 'version' }, version.restate_admin_version));
}

document.getElementById('go').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = document.getElementById('go-id');
  const id = input.value.trim();
  if (id === '') return;
  input.value = '';
  location.hash = link(['invocation', id]);
});
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById('forget').addEventListener('click', () => {
  forgetToken();
  location.reload();
});
window.addEventListener('hashchange', () => navigate(true));

async function begin() {
  try {
    const settings = await gatewaySettings();
    if (settings.needs_token && !currentToken() && !await askForToken(false)) {
      show(main, el('h1', null, 'Nothing to show'), el('p', null, 'Without the token this gateway tells nothing. '),
        el('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, 'Give the token'));
      return;
    }
  } catch (error) {
    show(main, problem(error));
    return;
  }
  showWhere().catch(() => {});
  await navigate(false);
  document.getElementById('forget').hidden = !currentToken();
}
begin();
