// Small helpers. All text becomes text nodes: nothing of a message is ever HTML.

/** Makes an element. `on...` properties are listeners, others attributes; children are nodes or text. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** A link to another site. Only the web: `javascript:` and the like have no link. */
export function outside(url, text, properties = {}) {
  if (!/^https?:\/\//i.test(url)) return el("span", properties, text);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...properties }, text);
}

export function rfc(reference) {
  return reference && outside(reference.url, reference.name, { class: "rfc" });
}

/** A person of a header, in one word if there is a name. */
export function person(one) {
  return one.name || one.address || "";
}

export function people(all) {
  return all.map((one) => (one.name ? `${one.name} <${one.address}>` : one.address)).join(", ");
}

export function size(octets) {
  if (octets < 1000) return `${octets} B`;
  if (octets < 1e6) return `${(octets / 1e3).toFixed(1)} kB`;
  return `${(octets / 1e6).toFixed(1)} MB`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

/** The time of today, or the day. */
export function when(text) {
  const date = new Date(text);
  const isToday = date.toDateString() === new Date().toDateString();
  return el("time", { datetime: text, title: WHOLE.format(date) }, (isToday ? TIME : DAY).format(date));
}

export function wholeTime(text) {
  return el("time", { datetime: text }, WHOLE.format(new Date(text)));
}
