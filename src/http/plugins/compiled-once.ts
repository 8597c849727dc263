// Schemas are compiled once for a process: an app that is built again compiles nothing again.

/** Returns a function that compiles a schema once, and knows it again by its JSON. */
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
