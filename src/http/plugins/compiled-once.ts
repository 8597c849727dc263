// Schemas are compiled once for a process: an app that is built again compiles nothing again.

/** What `compile` makes of a schema, kept by the schema's JSON. */
export function compiledOnce<T>(compile: (schema: object) => T): (schema: object) => T {
  const compiled = new Map<string, T>();
  return (schema) => {
    const key = JSON.stringify(schema);
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const made = compile(schema);
    compiled.set(key, made);
    return made;
  };
}
