// The page reads well without this script, which adds sorting, filtering, and a window for a number's runs.
(() => {
  "use strict";
  const all = (root, selector) => [...root.querySelectorAll(selector)];

  // A word where a number should be has no place in an order: such lines stay last.
  function key(body, column) {
    const cell = body.rows[0].cells[column];
    if (cell.classList.contains("word")) return null;
    const text = cell.querySelector("[data-value]")?.dataset.value ?? cell.textContent.trim();
    return text !== "" && isFinite(text) ? Number(text) : text;
  }

  function compared(a, b, sign) {
    if (a === null || b === null) return (a === null) - (b === null);
    const both = typeof a === "number" && typeof b === "number";
    return sign * (both ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  }

  function sort(table, head, original) {
    const column = Number(head.dataset.column);
    const first = original.map((body) => key(body, column)).some((k) => typeof k === "number") && column > 0;
    const turns = first ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
    const next = turns[(turns.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
    all(table, "[aria-sort]").forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    const keyed = original.map((body) => [key(body, column), body]);
    if (next !== "none") keyed.sort((a, b) => compared(a[0], b[0], sign));
    table.append(...keyed.map(([, body]) => body));
  }

  for (const table of all(document, "table[data-sorts]")) {
    const original = [...table.tBodies];
    for (const head of all(table, "th[data-column]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, head, original));
    }
  }

  // Methods stand in rows or in columns; what does not match is hidden, and the headings above columns shrink with it.
  function filter(table, wanted) {
    const fits = (element) => (element.dataset.name ?? "").toLowerCase().includes(wanted);
    if (table.dataset.methods !== "columns") {
      const bodies = [...table.tBodies];
      bodies.forEach((body) => (body.hidden = !fits(body)));
      return [bodies.filter((body) => !body.hidden).length, bodies.length];
    }
    const heads = all(table, "th[data-name]");
    for (const head of heads) {
      head.hidden = !fits(head);
      for (const body of table.tBodies)
        for (const row of body.rows) row.cells[Number(head.dataset.column)].hidden = head.hidden;
    }
    for (const group of all(table, "[data-span]")) {
      const from = Number(group.dataset.from);
      const inside = heads.filter((head) => head.dataset.column >= from && head.dataset.column < from + Number(group.dataset.span));
      const left = inside.filter((head) => !head.hidden).length;
      group.hidden = left === 0;
      if (left) group.colSpan = left;
    }
    return [heads.filter((head) => !head.hidden).length, heads.length];
  }

  for (const scope of all(document, "[data-filter-scope]")) {
    const box = scope.querySelector(".filter");
    const input = box.querySelector("input");
    box.hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      const counts = all(scope, "table[data-sorts]").map((table) => filter(table, wanted));
      // Views of one table hold the same methods; elsewhere each table holds its own rows, and a fold opens for a hit.
      const apart = scope.dataset.filterScope === "apart";
      const [left, whole] = apart ? counts.reduce((a, b) => [a[0] + b[0], a[1] + b[1]]) : counts[0];
      if (apart && wanted) all(scope, "details").forEach((fold) => (fold.open = true));
      box.querySelector("output").textContent = wanted ? `${left} of ${whole} shown` : "";
    });
  }

  // A command is broken between its words, not after the hyphens within.
  function wrapped(code) {
    const words = code.textContent.split(" ").map((word) => {
      const whole = document.createElement("span");
      whole.className = "word-whole";
      whole.textContent = word;
      return [whole, " "];
    });
    code.replaceChildren(...words.flat().slice(0, -1));
  }
  all(document, "dl.commands code").forEach(wrapped);

  // The window shows one metric of the list at the end of the page, without what its title says anyway.
  const dialog = document.getElementById("source");
  function show(link, body) {
    const table = document.createElement("table");
    table.append(body.closest("table").tHead.cloneNode(true), body.cloneNode(true));
    table.tBodies[0].removeAttribute("id");
    const commands = table.querySelector(".commands");
    const heads = [...table.tHead.rows[0].cells];
    const metric = link.closest("[data-metric]")?.dataset.metric;
    const dropped = heads.map((head, at) => at === 0 || (head.dataset.metric ?? metric) !== metric);
    dialog.querySelector(".how").replaceChildren(...all(commands, "code"));
    all(dialog, ".how code").forEach(wrapped);
    commands.remove();
    for (const row of table.rows) {
      [...row.cells].forEach((cell, at) => dropped[at] && cell.colSpan === 1 && cell.remove());
    }
    dialog.querySelector(".wide").replaceChildren(table);
    dialog.querySelector("h2").textContent = body.dataset.title;
    dialog.querySelector(".says").textContent = link.dataset.against
      ? `${link.textContent} is said of the difference to ${link.dataset.against}. The runs on this side of it:`
      : `${link.textContent} rests on these runs:`;
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-figure]");
    const body = link && document.getElementById(link.hash.slice(1));
    if (!body || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link, body);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  addEventListener("beforeprint", () => all(document, "section.table details").forEach((details) => (details.open = true)));
})();
