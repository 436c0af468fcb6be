// The map and the tab in the address, so that a reload and a copied link find the same lab.

const MAX_CHARACTERS = 9000;

/** What the address asks for: { map: a name, a text or null, policy, tab, run }. */
export function asked() {
  const query = new URLSearchParams(location.search);
  const run = query.get("run");
  return {
    map: query.get("map"),
    policy: query.get("policy"),
    tab: ["evaluate", "plan", "learn"].find((tab) => tab === query.get("tab")) ?? null,
    run: /^[0-9a-f]{12}$/.test(run ?? "") ? run : null,
  };
}

/** Write what is shown, without a new entry in the history. False where the map is too large for an address. */
export function keep(found) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(found)) {
    if (value === null || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  let text = query.toString();
  const fits = text.length <= MAX_CHARACTERS;
  if (!fits) {
    query.delete("map");
    text = query.toString();
  }
  history.replaceState(history.state, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
  return fits;
}
