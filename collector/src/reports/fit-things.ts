import type { NextThing } from "@shipkeeper/protocol";

const URGENCY = ["now", "soon", "plan"] as const;

/**
 * The most urgent things, as many as there are places for. At first each kind gets a few, so that one kind of trouble
 * does not push out all others; places that are left go to what is most urgent of the rest. The last of a kind tells
 * how many there are beyond it.
 */
export function fitThings(
  kinds: readonly (readonly NextThing[])[],
  { places, placesOfAKind }: { places: number; placesOfAKind: number },
): NextThing[] {
  const all = kinds.flatMap((things, kind) =>
    things.map((thing, place) => ({ thing, kind, isExtra: place >= placesOfAKind })),
  );
  const shown = all
    .toSorted((a, b) => Number(a.isExtra) - Number(b.isExtra) || byUrgency(a.thing, b.thing))
    .slice(0, places)
    .toSorted((a, b) => byUrgency(a.thing, b.thing) || a.kind - b.kind);

  return shown.map(({ thing, kind }, place) => {
    const isLastOfKind = !shown.slice(place + 1).some((later) => later.kind === kind);
    const shownOfKind = shown.filter((other) => other.kind === kind).length;
    const more = (kinds[kind]?.length ?? 0) - shownOfKind;
    return isLastOfKind && more > 0 ? { ...thing, why: `${thing.why}; and ${more} more like this` } : thing;
  });
}

const byUrgency = (a: NextThing, b: NextThing): number =>
  URGENCY.indexOf(a.urgency) - URGENCY.indexOf(b.urgency);
