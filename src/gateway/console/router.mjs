// Links: what a fragment names, and the fragment of what is named.
//
//   #/find?service=Orders            the list
//   #/invocation/inv_1…?from=4       an invocation, with the mark behind entry 4
//   #/jobs  #/jobs/new?…  #/jobs/ID  bulk jobs

/** Returns where a fragment leads: segments and parameters. */
export function place(hash) {
  const text = hash.replace(/^#\/?/, '');
  const mark = text.indexOf('?');
  const segments = (mark < 0 ? text : text.slice(0, mark)).split('/').filter((segment) => segment !== '').map(decoded);
  return { segments, parameters: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Returns the fragment of segments and parameters; those without a value are left out. */
export function link(segments, parameters = {}) {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = new URLSearchParams(pairs).toString();
  return `#/${segments.map(encodeURIComponent).join('/')}${text && `?${text}`}`;
}

/** Has the address name where the page is, without going there. */
export function renamePlace(fragment) {
  if (location.hash !== fragment) history.replaceState(null, '', fragment);
}
