// Makes elements.  Whatever comes from the database is put into them as text, never
// as markup.

/**
 * Returns an element with attributes and children: nodes, texts, arrays of them;
 * null and false are left out.  A function is a listener of the event that its name
 * ends in (onclick); true is an attribute without a value.
 */
export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  add(element, children);
  return element;
}

/** Appends children, as el takes them. */
export function add(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/**
 * Has the container show other children.  What had the focus in it has it again, if
 * it has an id and something new has the same.
 */
export function show(container, ...children) {
  const focused = container.contains(document.activeElement) ? document.activeElement.id : '';
  container.replaceChildren();
  add(container, children);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return container;
}

/** Returns a label with its control below it. */
export function labelled(words, control, hint) {
  return el('label', { class: 'field' }, el('span', { class: 'label' }, words), control, hint && el('span', { class: 'hint' }, hint));
}

/** Returns a select; each option is a value and what is shown of it. */
export function choice(attributes, options, value) {
  const select = el('select', attributes, options.map(([key, words]) => el('option', { value: key }, words)));
  select.value = value;
  // what is asked for and not among them is one of them all the same
  if (value && select.value !== value) {
    select.append(el('option', { value }, value));
    select.value = value;
  }
  return select;
}

/** Returns a definition list of pairs; those without a value are left out. */
export function facts(pairs) {
  return el('dl', { class: 'facts' }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
    .map(([words, value]) => el('div', null, el('dt', null, words), el('dd', null, value))));
}
