// The islands: small helps for pages that work without them. An element asks for its island by
// name, data-island="filters".
import { copyLink } from "./copy_link";
import { filters } from "./filters";

const islands: Record<string, (element: HTMLElement) => void> = {
  "copy-link": copyLink,
  filters,
};

for (const element of document.querySelectorAll<HTMLElement>("[data-island]")) {
  islands[element.dataset.island ?? ""]?.(element);
}
