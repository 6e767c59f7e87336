/** For what a schema looks at next: undefined where the text is no JSON at all, which no schema of an object takes. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
