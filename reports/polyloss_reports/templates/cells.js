/** The list of a loss's cells: filter, a hundred rows at a time, each of which opens. What it reads is described in `data.py`. */
const PAGE = 100;
const lists = new Map();
let numbered = 0;

/** What `pack` of data.py packed. */
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** The cells of a block by name, the most severe first. */
function decodeCells(block) {
  const cases = block.cases.map(([id, dtype, config, inputs, references]) => {
    return { id, dtype, config, inputs, references, text: `${id} ${JSON.stringify(config)}`.toLowerCase() };
  });
  const of = block.cells;
  const cells = of.case.map((number, i) => {
    const [environment, mode] = common.columns[of.column[i]];
    return {
      ...cases[number],
      environment,
      mode,
      order: i,
      severity: of.status[i],
      status: common.statuses[of.status[i]],
      seconds: of.seconds[i],
      signature: block.signatures[of.signature[i]],
      errors: of.errors[i],
      size: Math.max(0, ...of.errors[i].map(sizeOf)),
      worst: of.place[i] && [...of.place[i], of.expected[i], of.actual[i]],
      finding: block.texts[of.finding[i]],
      message: block.texts[of.message[i]],
    };
  });
  return cells.sort((a, b) => a.severity - b.severity || (a.size === b.size ? a.order - b.order : b.size - a.size));
}

/** The checks of a cell. */
const checksOf = (cell) => cell.signature.map(([against, what, limit], i) => ({ against, what, limit, error: cell.errors[i] }));

/** An error for sorting: NaN is the largest. */
const sizeOf = (error) => (Number.isNaN(numberOf(error)) ? Infinity : numberOf(error));

/** True where an error is not within its limit; NaN never is. */
const isOver = (check) => !(numberOf(check.error) <= numberOf(check.limit));

/** The check that says most about a cell: one beyond its limit, else the largest. */
function decisive(checks) {
  return [...checks].sort((a, b) => isOver(b) - isOver(a) || sizeOf(b.error) - sizeOf(a.error))[0];
}

class CellList {
  constructor(place, block) {
    this.name = place.dataset.name;
    this.block = block;
    this.cells = decodeCells(block);
    for (const cell of this.cells) {
      if (cell.finding || cell.message) cell.text += ` ${cell.finding} ${cell.message}`.toLowerCase();
    }
    const options = (key) => [...new Set(this.cells.map((cell) => cell[key]))].filter(Boolean);
    const search = element("input", { type: "search", name: "text", autocomplete: "off", spellcheck: "false", placeholder: "case or message" });
    this.count = element("output", { "aria-live": "polite" });
    this.form = element(
      "form",
      { class: "filters", "aria-label": "Filter of the cells of " + this.name },
      element("label", {}, "Search ", search),
      select("Status", "status", "any", options("status")),
      select("Environment", "environment", "all", options("environment").sort()),
      select("Mode", "mode", "all", options("mode").sort()),
      select("Dtype", "dtype", "all", options("dtype").sort()),
      element("button", { type: "reset" }, "Clear"),
      this.count,
    );
    this.rows = element("ul", { class: "rows", tabindex: "-1", "aria-label": "Cells of " + this.name });
    this.more = element("button", { type: "button" });
    this.form.addEventListener("input", () => this.filter());
    this.form.addEventListener("reset", () => setTimeout(() => this.filter()));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.more.addEventListener("click", () => {
      const next = this.rows.children.length;
      this.show();
      this.rows.children[next].querySelector("button").focus();
    });
    place.replaceChildren(this.form, this.rows, this.more);
    this.filter();
  }

  /** Set the filter's fields, an unknown value as "all". */
  ask(values) {
    this.form.reset();
    for (const [name, value] of Object.entries(values)) {
      this.form.elements[name].value = value;
      if (this.form.elements[name].selectedIndex === -1) this.form.elements[name].value = "";
    }
    this.filter();
    setTimeout(() => this.filter()); // after the reset's own, which comes with the next task
  }

  filter() {
    const want = Object.fromEntries(new FormData(this.form));
    const words = want.text.trim().toLowerCase().split(/\s+/);
    this.found = this.cells.filter(
      (cell) =>
        ["status", "environment", "mode", "dtype"].every((key) => !want[key] || cell[key] === want[key]) &&
        words.every((word) => cell.text.includes(word)),
    );
    this.count.value = `${this.found.length.toLocaleString("en-US")} of ${this.cells.length.toLocaleString("en-US")} cells`;
    this.rows.replaceChildren();
    this.show();
  }

  /** Append the next page of rows. */
  show() {
    const from = this.rows.children.length;
    this.rows.append(...this.found.slice(from, from + PAGE).map((cell) => this.row(cell)));
    const left = this.found.length - this.rows.children.length;
    this.rows.hidden = this.found.length === 0;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(PAGE, left)} more of ${left.toLocaleString("en-US")}`;
  }

  row(cell) {
    const check = decisive(checksOf(cell));
    const error = check ? `${ulpText(check.error)} of ${ulpText(check.limit)} ulp` : "not measured";
    const panel = `cell-${numbered++}`;
    const button = element(
      "button",
      { class: "row", type: "button", "aria-expanded": "false", "aria-controls": panel },
      element("span", {}, chip(cell.status)),
      element("code", {}, cell.id),
      element("span", { class: "where" }, [cell.environment, cell.mode, cell.dtype].filter(Boolean).join(" · ")),
      element("span", { class: check && isOver(check) ? "error over" : "error" }, error),
    );
    const detail = element("div", { id: panel, class: "detail " + statusClass(cell.status) });
    detail.hidden = true;
    button.addEventListener("click", () => {
      const opened = button.getAttribute("aria-expanded") === "false";
      button.setAttribute("aria-expanded", String(opened));
      detail.hidden = !opened;
      if (opened && !detail.hasChildNodes()) detail.append(...this.detail(cell));
    });
    return element("li", {}, button, detail);
  }

  /** All that is known of a cell. */
  detail(cell) {
    const parts = [];
    const checks = checksOf(cell);
    if (cell.message) parts.push(element("p", { class: "why" }, cell.message));
    if (cell.status === "not run") parts.push(element("p", { class: "why" }, "This cell was planned and has no record."));
    if (cell.finding) parts.push(this.findingLine(cell.finding));
    if (cell.worst) parts.push(...this.worst(cell, checks));
    if (checks.length) parts.push(...this.checks(checks));
    if (Object.keys(cell.config).length) {
      const pairs = Object.entries(cell.config).flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, JSON.stringify(value))]);
      parts.push(element("h6", {}, "Configuration"), element("dl", { class: "first" }, ...pairs));
    }
    if (cell.inputs.length) parts.push(element("h6", {}, "Inputs"), this.arrays("Inputs", cell.inputs));
    for (const [name, value, gradients, refused] of cell.references) {
      parts.push(element("h6", {}, "Reference: " + name));
      if (refused) parts.push(element("p", {}, "Refused: " + refused));
      const arrays = [...(value === -1 ? [] : [["value", value]]), ...gradients.map(([input, array]) => ["gradient " + input, array])];
      if (arrays.length) parts.push(this.arrays("Reference " + name, arrays));
      else if (!refused) parts.push(element("p", { class: "none" }, "No value."));
    }
    if (cell.references.length && !cell.references.some(([name]) => name === "native")) {
      parts.push(element("p", { class: "hint" }, "The native library was not available for this case."));
    }
    if (cell.status !== "not run") parts.push(element("p", { class: "hint" }, `Took ${cell.seconds} s.`));
    return parts;
  }

  findingLine(id) {
    const anchor = Object.hasOwn(common.findings, id) ? common.findings[id] : "";
    const name = anchor ? element("a", { href: "#" + anchor }, id) : id + " (in no file)";
    return element("p", {}, "Explained by the finding ", name);
  }

  worst(cell, checks) {
    const [against, what, index, expected, actual] = cell.worst;
    const check = checks.find((one) => one.against === against && one.what === what);
    const pairs = [
      ["where", index.length ? `${what}[${index.join(", ")}]` : what],
      [`expected (${against})`, numberText(expected)],
      ["actual", numberText(actual)],
      ...(check ? [["error", `${ulpText(check.error)} ulp, limit ${ulpText(check.limit)}`]] : []),
    ];
    const title = check && !isOver(check) ? "Largest error" : "First differing element";
    return [
      element("h6", {}, title),
      element("dl", { class: "first" }, ...pairs.flatMap(([key, text]) => [element("dt", {}, key), element("dd", {}, text)])),
    ];
  }

  checks(checks) {
    const head = ["Against", "What", "Error, ulp", "Limit, ulp", "Within"].map((text) => element("th", { scope: "col" }, text));
    const rows = checks.map((check) =>
      element(
        "tr",
        {},
        ...[check.against, check.what, ulpText(check.error), ulpText(check.limit)].map((text) => element("td", {}, text)),
        element("td", isOver(check) ? { class: "over" } : {}, isOver(check) ? "✗ no" : "✓ yes"),
      ),
    );
    const table = element("table", { class: "plain numbers" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    return [element("h6", {}, "Checks"), this.scroll("Checks", table)];
  }

  /** A table of named arrays. */
  arrays(title, named) {
    const rows = named.map(([name, number]) => {
      const [dtype, shape, values, total] = this.block.arrays[number];
      const size = element("span", { class: "hint" }, ` ${dtype} ${shape.length ? shape.join("×") : "scalar"}`);
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, name, element("br"), size),
        element("td", {}, element("pre", {}, arrayText(values, shape, total))),
      );
    });
    return this.scroll(title, element("table", { class: "plain" }, element("tbody", {}, ...rows)));
  }

  scroll(title, child) {
    return element("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, child);
  }
}

/** The list of a loss, made when it is first asked for; null where it cannot be made. */
function listOf(loss) {
  if (!lists.has(loss.id)) lists.set(loss.id, makeList(loss.querySelector(".cells")));
  return lists.get(loss.id);
}

async function makeList(place) {
  if (!place) return null;
  const data = document.querySelector(`script[data-cells="${CSS.escape(place.dataset.loss)}"]`);
  try {
    return new CellList(place, await unpack(data.textContent));
  } catch (error) {
    const words = "DecompressionStream" in window ? `could not be read: ${error.message}` : "needs a browser of 2023 or later, which can unpack it";
    place.replaceChildren(element("p", { class: "notice" }, `The list of cells ${words}.`));
    return null;
  }
}

/** Open a loss at its cells, filtered. */
async function openCells(anchor, values) {
  const loss = document.getElementById(anchor);
  loss.open = true;
  history.pushState(null, "", "#" + anchor);
  const list = await listOf(loss);
  list?.ask(values);
  (list?.form ?? loss).scrollIntoView();
  list?.rows.focus({ preventScroll: true });
}

for (const loss of document.querySelectorAll(".loss")) {
  loss.addEventListener("toggle", () => loss.open && listOf(loss));
}
revealTarget();
document.documentElement.dataset.ready = "true";
