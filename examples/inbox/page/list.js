// The list: messages, and the sessions that brought none, the newest first.

import { count, el, person, when } from "./dom.js";

export class List {
  constructor(root, none) {
    this.root = root;
    this.none = none;
    this.messages = new Map();
    this.sessions = new Map();
    this.current = undefined;
    /** False until the server has sent the list: an empty list says nothing before. */
    this.isKnown = false;
  }

  replace(messages, sessions) {
    this.isKnown = true;
    this.messages = new Map(messages.map((one) => [one.id, one]));
    this.sessions = new Map(sessions.map((one) => [one.id, one]));
    this.render();
  }

  addMessage(one) {
    this.messages.set(one.id, one);
    this.renderSoon();
  }

  addSession(one) {
    this.sessions.set(one.id, one);
    this.renderSoon();
  }

  remove({ messages, sessions }) {
    for (const id of messages) this.messages.delete(id);
    for (const id of sessions) this.sessions.delete(id);
    this.render();
  }

  /** The entries, the newest first: `key` is the route of one. */
  entries() {
    const messages = [...this.messages.values()].map((one) => ({ key: `message/${one.id}`, at: one.received, id: one.id, message: one }));
    const alone = [...this.sessions.values()].filter((one) => one.messages.length === 0);
    const sessions = alone.map((one) => ({ key: `session/${one.id}`, at: one.began, id: one.id, session: one }));
    const all = [...messages, ...sessions];
    return all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.id - a.id));
  }

  /** Marks the entry that is shown. */
  mark(key) {
    this.current = key;
    this.render();
    this.link(key)?.scrollIntoView({ block: "nearest" });
  }

  link(key) {
    return this.root.querySelector(`a[href="#/${key}"]`);
  }

  /** The entry after or before this one. Without one, the first. */
  neighbour(key, step) {
    const keys = this.entries().map((entry) => entry.key);
    const at = keys.indexOf(key);
    if (at < 0) return keys[0];
    return keys[Math.min(Math.max(at + step, 0), keys.length - 1)];
  }

  /** Once for all changes until the next frame: a program may send many messages at once. */
  renderSoon() {
    this.frame ??= requestAnimationFrame(() => this.render());
  }

  render() {
    if (this.frame) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const focused = document.activeElement?.closest?.("#items a")?.getAttribute("href");
    const entries = this.entries();
    const first = entries.some((entry) => entry.key === this.current) ? this.current : entries[0]?.key;
    this.root.replaceChildren(...entries.map((entry) => el("li", {}, this.entry(entry, entry.key === first))));
    this.none.hidden = entries.length > 0 || !document.getElementById("search").value;
    if (focused) this.root.querySelector(`a[href="${focused}"]`)?.focus({ preventScroll: true });
  }

  entry(entry, isFirst) {
    const properties = {
      href: `#/${entry.key}`,
      tabindex: isFirst ? "0" : "-1",
      "aria-current": entry.key === this.current ? "true" : undefined,
    };
    return entry.message ? messageEntry(entry.message, properties, this.sessions) : sessionEntry(entry.session, properties);
  }
}

function messageEntry(one, properties, sessions) {
  const from = one.from[0] ? person(one.from[0]) : one.envelope.from || "no sender";
  const refusals = sessions.get(one.session)?.refusals;
  const notes = [
    refusals > 0 && el("span", { class: "note bad" }, count(refusals, "refusal")),
    one.warnings > 0 && el("span", { class: "note warn" }, count(one.warnings, "warning")),
    one.attachments > 0 && el("span", { class: "note" }, count(one.attachments, "file")),
  ];
  return el(
    "a",
    { class: "entry", ...properties },
    el("span", { class: "who" }, from),
    when(one.received),
    el("span", { class: "subject" }, one.subject || "no subject"),
    el("span", { class: "meta" }, el("span", { class: "to" }, `to ${one.envelope.to.join(", ")}`), ...notes),
  );
}

function sessionEntry(one, properties) {
  const isBad = one.refusals > 0 || !["open", "no message"].includes(one.outcome);
  return el(
    "a",
    { class: `entry session ${isBad ? "bad" : ""}`, ...properties },
    el("span", { class: "who" }, one.client || one.peer),
    when(one.began),
    el("span", { class: "subject" }, one.outcome),
    el("span", { class: "meta" }, one.is_open ? `session open, ${one.state}` : "session without a message"),
  );
}
