"use strict";
// Tabs, search, folded code. Without this script every tab is shown, one after another, and all links work.
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const list = $("#tabs"), tabs = $$("a", list), panels = $$(".panel");
  const box = $("#query"), results = $("#results"), found = $("#found");

  // ---- tabs, after the WAI-ARIA pattern: one of them in the tab order, arrows move
  list.setAttribute("role", "tablist");
  for (const tab of tabs) {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      go(tab.hash.slice(1), true);
      tab.focus();
    });
  }
  for (const panel of panels) panel.setAttribute("role", "tabpanel");
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    tabs[(to + tabs.length) % tabs.length].click();
  });

  function show(id) {
    for (const panel of panels) panel.hidden = panel.id !== id;
    for (const tab of tabs) {
      const chosen = tab.hash === "#" + id;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      // Not scrollIntoView: it moves the place from which the Tab key goes on.
      if (chosen && (tab.offsetLeft < list.scrollLeft || tab.offsetLeft + tab.offsetWidth > list.scrollLeft + list.clientWidth)) {
        list.scrollLeft = tab.offsetLeft - 40;
      }
    }
    frames();
  }

  // A frame that scrolls must be reachable with the keyboard.
  function frames() {
    for (const frame of $$(".panel:not([hidden]) :is(.wide, pre)")) {
      if (frame.scrollWidth > frame.clientWidth + 1) {
        frame.tabIndex = 0;
        frame.setAttribute("role", "region");
        frame.setAttribute("aria-label", frame.matches("pre") ? "output" : ($("caption", frame) || frame).textContent.slice(0, 80));
      } else for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name);
    }
  }

  // ---- going to a place: its tab is shown, what folds around it opens
  function reveal(id) {
    const target = document.getElementById(id) || panels[0];
    const panel = target.closest(".panel") || panels.find((p) => !p.hidden) || panels[0];
    show(panel.id);
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    for (const old of $$(".here")) old.classList.remove("here");
    if (target === panel || !panel.contains(target)) return window.scrollTo(0, 0);
    if (target.matches("a, button, input, summary") === false) target.tabIndex = -1;
    if (target.closest("tr[hidden]")) target.closest("tr").hidden = false;
    target.classList.add("here");
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
  }

  function go(id, quiet = false) {
    if (location.hash !== "#" + id) history.pushState(null, "", "#" + id);
    reveal(id);
    if (!quiet) close();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.matches(".skip")) return $("#main").focus();
    go(link.hash.slice(1));
  });
  for (const name of ["popstate", "hashchange"]) window.addEventListener(name, () => reveal(location.hash.slice(1)));

  // ---- search: every heading, caption, table row, paragraph and output; what stands higher in this list comes first
  const KINDS = [["h2, h3, h4, h5, h6", "heading"], ["figcaption", "figure"], ["caption, tr", "table"], ["p, li, dd", "text"], ["pre", "output"], [".code pre", "code"]];
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  // no hashes: nobody reads them in a line that was found
  const said = (place) => [...place.childNodes].filter((node) => !node.matches?.(".hash, .more")).map((node) => node.matches ? said(node) : node.data).join("");
  const reading = (place) => plain(place.cells ? [...place.cells].map(said).filter((text) => text.trim()).join(" · ") : said(place));
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  let index = null, vocabulary = null;

  function build() {
    index = [];
    for (const panel of panels) {
      let lesson = "";
      for (const place of $$("h2, h3, h4, h5, h6, figcaption, caption, tr, p, li, dd, pre", $(".body", panel))) {
        if (place.closest("nav") || (place.matches("p, li") && place.closest("figcaption, td"))) continue;
        if (place.matches("h3")) lesson = plain(place.textContent);
        const home = place.closest("figure[id]") && place.matches("figcaption") ? place.closest("figure") : place;
        if (!home.id) home.id = "place-" + index.length;
        const text = reading(place), kind = KINDS.findLastIndex(([kinds]) => place.matches(kinds));
        const where = [$("#tab-" + panel.id).textContent, lesson].filter(Boolean).join(" › ");
        const rank = kind + (place.closest(".manifest") ? 5 : 0);
        if (text) index.push({ id: home.id, text, low: fold(text), rank, kind: KINDS[kind][1], where, around: fold(where) });
      }
    }
  }

  function snippet(entry, words) {
    const first = Math.min(...words.map((word) => entry.low.indexOf(word)).filter((at) => at >= 0));
    const at = Math.max(0, (first < Infinity ? first : 0) - 50), span = document.createElement("span");
    const part = (at ? "…" : "") + entry.text.slice(at, at + 180) + (entry.text.length > at + 180 ? "…" : "");
    const low = part.toLowerCase();
    for (let i = 0; i < part.length; ) {
      const word = words.find((w) => low.startsWith(w, i));
      const end = word ? i + word.length : i + 1;
      if (word) span.appendChild(document.createElement("mark")).textContent = part.slice(i, end);
      else span.append(part[i]);
      i = end;
    }
    span.normalize();
    return span;
  }

  // A word may stand in the notebook's title; places that hold all of them by themselves come first.
  function find(words) {
    const outside = (entry) => words.filter((word) => !entry.low.includes(word));
    return index.map((entry) => ({ ...entry, missing: outside(entry) }))
      .filter((entry) => entry.missing.length < words.length && entry.missing.every((word) => entry.around.includes(word)))
      .sort((a, b) => (a.missing.length - b.missing.length) || (a.rank - b.rank));
  }

  // Levenshtein's distance: letters to add, drop or change
  function letters(a, b) {
    let row = [...Array(b.length + 1).keys()];
    for (let i = 1; i <= a.length; i++) {
      const last = row;
      row = [i];
      for (let j = 1; j <= b.length; j++) row.push(Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1])));
    }
    return row[b.length];
  }

  // The word of the report that is nearest to one that stands nowhere in it; itself if none is near.
  function nearest(word) {
    vocabulary ??= [...new Set(index.flatMap((entry) => entry.low.match(/[a-z]{4,}/g) ?? []))];
    if (vocabulary.some((other) => other.includes(word))) return word;
    const limit = word.length < 4 ? 0 : word.length < 7 ? 1 : 2;
    const close = vocabulary.filter((other) => Math.abs(other.length - word.length) <= limit)
      .map((other) => [letters(word, other), other]).filter(([far]) => far <= limit).sort((a, b) => a[0] - b[0]);
    return close.length ? close[0][1] : word;
  }

  function search() {
    const items = $("ol", results);
    let words = fold(box.value).split(/\s+/).filter(Boolean);
    items.replaceChildren();
    results.hidden = !words.length;
    if (!words.length) return;
    if (!index) build();
    let hits = find(words), meant = "";
    if (!hits.length && (hits = find(words.map(nearest))).length) {
      words = words.map(nearest);
      meant = `Nothing found as typed; for “${words.join(" ")}”: `;
    }
    found.textContent = meant + (hits.length ? `${hits.length} place${hits.length > 1 ? "s" : ""}${hits.length > 50 ? ", the first 50 are shown" : ""}` : "Nothing found");
    for (const entry of hits.slice(0, 50)) {
      const link = items.appendChild(document.createElement("li")).appendChild(document.createElement("a"));
      link.href = "#" + entry.id;
      const small = link.appendChild(document.createElement("small"));
      small.textContent = `${entry.kind} · ${entry.where}`;
      link.append(snippet(entry, words));
    }
  }

  function close() {
    results.hidden = true;
  }

  let wait = 0;
  box.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 120); });
  box.addEventListener("focus", search);
  $("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
    const first = $("a", results);
    if (first) first.click();
  });
  document.addEventListener("keydown", (event) => {
    const links = $$("a", results), at = links.indexOf(document.activeElement);
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.matches("input, textarea")) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "Escape" && !results.hidden) {
      close();
      if (at >= 0) { box.focus(); close(); }
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !results.hidden && (at >= 0 || document.activeElement === box)) {
      event.preventDefault();
      (links[at + (event.key === "ArrowDown" ? 1 : -1)] || box).focus();
    }
  });
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("header")) close(); });

  // ---- lines of a long table that hold all the words
  for (const input of $$("[data-filter]")) {
    input.addEventListener("input", () => {
      const rows = $$("tbody tr", document.getElementById(input.dataset.filter)), words = fold(input.value).split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => fold(reading(row)).includes(word));
      $("[role=status]", input.closest("p")).textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
    });
  }

  // ---- code: all folds at once; on paper no code, but every table
  const button = $("#fold");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", open);
    for (const code of $$("details.code")) code.open = open;
  });
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = $$("details:not([open]):not(.code):not(.more)");
    for (const fold of closed) fold.open = true;
  });
  window.addEventListener("afterprint", () => { for (const fold of closed) fold.open = false; });
  window.addEventListener("resize", frames);

  if (/^#place-/.test(location.hash)) build();
  reveal(location.hash.slice(1));
})();
