// Text as SQL.

/**
 * Returns the text as a literal that means the same whatever the settings of the
 * session are.  No text in the database has a NUL.
 */
export function literal(text) {
  const quoted = String(text).replaceAll('\0', '').replaceAll("'", "''");
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** Returns a pattern of LIKE for text that has this anywhere in it. */
export function containing(text) {
  return literal(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
}
