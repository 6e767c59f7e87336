/** Keeps the largest items of a list that may be long, in bounded room. */
export function keepLargest<Item>(most: number, compare: (a: Item, b: Item) => number) {
  let items: Item[] = [];
  const cut = () => {
    items = items.sort(compare).slice(0, most);
  };
  return {
    add(item: Item): void {
      items.push(item);
      if (items.length >= 2 * most + 64) cut();
    },
    result(): Item[] {
      cut();
      return items;
    },
  };
}
