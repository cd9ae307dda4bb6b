"use strict";
// Text of a result file enters the page through textContent alone: `element` takes strings as text, never as markup.

const common = JSON.parse(document.getElementById("common").textContent);

/** An element with attributes, and children that are elements or text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The class of a status. */
const statusClass = (status) => status.replace(" ", "-");

/** A status as a sign and a word. */
function chip(status) {
  const sign = element("span", { "aria-hidden": "true" }, common.symbols[status]);
  return element("span", { class: "chip " + statusClass(status) }, sign, " " + status);
}

/** An error in ULP, as the rest of the page prints it. */
function ulpText(error) {
  const value = numberOf(error);
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "∞";
  if (value === 0) return "0";
  if (value < 0.01) return "<0.01";
  if (value < 100) return String(Number(value.toPrecision(3)));
  if (value < 99999.5) return Math.round(value).toLocaleString("en-US");
  const [mantissa, exponent] = value.toExponential(1).split("e+");
  return mantissa + "×10" + [...exponent].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
}

/** A number of a result file, where NaN and the infinities are words. */
function numberOf(value) {
  return { nan: NaN, inf: Infinity, "-inf": -Infinity }[value] ?? Number(value);
}

/** A number as it stands in the file; JSON's -0 would lose its sign. */
const numberText = (value) => (Object.is(value, -0) ? "-0" : String(value));

/** The lines of an array, aligned and nested as its shape says. */
function arrayText(values, shape, total) {
  const texts = values.map(numberText);
  const rest = total > values.length ? `\n… ${(total - values.length).toLocaleString("en-US")} more values` : "";
  if (shape.length === 0) return texts.join(", ");
  if (rest || shape.includes(0) || shape.length === 1) return "[" + texts.join(", ") + "]" + rest;
  const width = Math.max(...texts.map((text) => text.length));
  const inner = shape[shape.length - 1];
  const lines = [];
  for (let at = 0; at < texts.length; at += inner) {
    let opened = 0;
    let closed = 0;
    for (let axis = shape.length - 2, size = inner; axis >= 0; axis--) {
      size *= shape[axis];
      opened += at % size === 0 ? 1 : 0;
      closed += (at + inner) % size === 0 ? 1 : 0;
    }
    const row = texts.slice(at, at + inner).map((text) => text.padStart(width));
    lines.push(" ".repeat(shape.length - 1 - opened) + "[".repeat(opened + 1) + row.join(", ") + "]".repeat(closed + 1));
  }
  return lines.join("\n");
}

/** A labelled select with an option for everything. */
function select(label, name, everything, options) {
  const list = element("select", { name }, element("option", { value: "" }, everything));
  for (const option of options) {
    list.append(element("option", { value: option }, option));
  }
  return element("label", {}, label + " ", list);
}

document.getElementById("needs-script").hidden = true; // unlike noscript, also where scripts are blocked rather than off

const themes = document.getElementById("theme");
themes.hidden = false;

/** Show the page in the colours of a name; `auto` follows the system. */
function applyTheme(name) {
  if (name === "auto") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = name;
  }
}

themes.addEventListener("change", (event) => {
  applyTheme(event.target.value);
  try {
    localStorage.setItem("polyloss-theme", event.target.value);
  } catch {
    // A browser may refuse storage to a file: the choice then lasts as long as the page.
  }
});
try {
  const saved = themes.querySelector(`input[value="${CSS.escape(localStorage.getItem("polyloss-theme") ?? "auto")}"]`);
  if (saved) {
    saved.checked = true;
    applyTheme(saved.value);
  }
} catch {
  applyTheme("auto");
}
