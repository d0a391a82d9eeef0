// Sends the filter form when a choice changes, and leaves empty fields out of the URL. Text fields
// wait for the button or the Enter key: a page that changes while one types is no help.
export function filters(element: HTMLElement): void {
  if (!(element instanceof HTMLFormElement)) return;
  element.addEventListener("submit", () => {
    for (const field of element.elements) {
      const holdsValue = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
      if (holdsValue && field.value === "") field.disabled = true;
    }
  });
  // Coming back by the browser's history shows the form as it was left.
  addEventListener("pageshow", () => {
    for (const field of element.elements) {
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
        field.disabled = false;
      }
    }
  });
  // A pointer's choice is final; the keyboard runs through options with the arrow keys, and must
  // not be sent away at the first.
  let byPointer = false;
  element.addEventListener("pointerdown", () => { byPointer = true; });
  element.addEventListener("keydown", () => { byPointer = false; });
  element.addEventListener("change", (event) => {
    const field = event.target;
    const isChoice = field instanceof HTMLSelectElement ||
      (field instanceof HTMLInputElement && field.type === "checkbox");
    if (byPointer && isChoice) element.requestSubmit();
  });
}
