// <button data-island="copy-link" data-done="Copied" hidden>: copies the page's address. Hidden
// without this island, since the browser's own address bar then does the same.
export function copyLink(element: HTMLElement): void {
  if (!navigator.clipboard) return;
  element.hidden = false;
  const label = element.textContent ?? "";
  element.setAttribute("aria-live", "polite");
  element.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    element.textContent = element.dataset.done ?? label;
    setTimeout(() => { element.textContent = label; }, 2000);
  });
}
