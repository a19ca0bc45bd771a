/** Ids and masks of requests. */

/** A new request_id: what makes a call safe to repeat. */
export function newRequestId(): string {
  // crypto.randomUUID exists in secure contexts only; a control plane in a closed network may be plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

type Page<Item> = { items: Item[]; nextPageToken: string };

/** All pages of a list, up to a number of items. */
export async function allPages<Item>(
  load: (pageToken: string) => Promise<Page<Item>>,
  atMost = 5000,
): Promise<Item[]> {
  const items: Item[] = [];
  let token = "";
  do {
    const page = await load(token);
    items.push(...page.items);
    token = page.nextPageToken;
  } while (token && items.length < atMost);
  return items;
}
