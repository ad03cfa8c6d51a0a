// The keyboard. Every key also has a button or a link.

/** Listens to keys. `page` has the functions. */
export function listen(page) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const isSearch = event.target.id === "search";
    if (event.target.matches("input, textarea, select") && !["Escape", "ArrowDown", "Enter"].includes(event.key)) return;
    const tab = event.target.closest("[role=tab]");
    const action = tab ? tabKey(event, tab) : undefined;
    const handled = action ?? pageKey(event, page, isSearch);
    if (handled) event.preventDefault();
  });
}

function tabKey(event, tab) {
  const tabs = [...tab.parentElement.children];
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const at = { Home: 0, End: tabs.length - 1 }[event.key] ?? (step && (tabs.indexOf(tab) + step + tabs.length) % tabs.length);
  if (at === undefined) return undefined;
  // The detail is made again, and has the focus on the open tab then.
  tabs[at].click();
  return true;
}

function pageKey(event, page, isSearch) {
  // In a long text, arrows scroll.
  const isInDetail = event.target.closest("#detail") && !event.target.closest("[role=tab]");
  switch (event.key) {
    case "ArrowDown":
    case "ArrowUp":
      if (isInDetail) return false;
      page.step(event.key === "ArrowDown" ? 1 : -1);
      return true;
    case "j":
    case "k":
      page.step(event.key === "j" ? 1 : -1);
      return true;
    case "Enter":
      if (!isSearch) return false;
      page.step(0);
      return true;
    case "/":
      page.search();
      return true;
    case "Escape":
      page.escape(isSearch);
      return true;
    case "Delete":
      page.remove();
      return true;
    default:
      return false;
  }
}
