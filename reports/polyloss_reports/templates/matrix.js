/** The filter of the matrix, which is the filter of the sections below it as well. */
const matrixFilter = document.getElementById("matrix-filter");

/** What the filter asks for. */
function wanted() {
  return Object.fromEntries(new FormData(matrixFilter));
}

/** Show the columns, rows and sections that the filter asks for, and say how many. */
function filterMatrix() {
  const table = document.getElementById("matrix-table");
  const want = wanted();
  const text = want.text.trim().toLowerCase();
  const shown = common.columns.map(
    ([environment, mode]) => (!want.environment || environment === want.environment) && (!want.mode || mode === want.mode),
  );
  for (const cell of table.querySelectorAll("[data-column]")) {
    cell.hidden = !shown[cell.dataset.column];
  }
  for (const head of table.querySelectorAll("[data-environment]")) {
    const span = common.columns.filter(([name], i) => name === head.dataset.environment && shown[i]).length;
    head.hidden = span === 0;
    head.colSpan = Math.max(span, 1);
  }
  let count = 0;
  const rows = table.querySelectorAll("tr[data-loss]");
  for (const row of rows) {
    const group = row.parentElement;
    const name = (group.querySelector(".group").textContent + "/" + row.querySelector("th").textContent).toLowerCase();
    const status = want.status && ".line." + statusClass(want.status);
    const fits =
      name.includes(text) &&
      (!want.dialect || group.dataset.dialect === want.dialect) &&
      (!status || [...row.cells].some((cell) => !cell.hidden && cell.querySelector(status)));
    row.hidden = !fits;
    document.getElementById(row.dataset.loss).hidden = !fits;
    count += fits ? 1 : 0;
  }
  for (const group of table.querySelectorAll("tbody")) {
    group.hidden = !group.querySelector("tr[data-loss]:not([hidden])");
  }
  for (const dialect of document.querySelectorAll(".dialect")) {
    dialect.hidden = !dialect.querySelector(".loss:not([hidden])");
  }
  document.getElementById("none-shown").hidden = count > 0;
  matrixFilter.querySelector("output").value = `${count} of ${rows.length} losses`;
}

if (matrixFilter) {
  matrixFilter.hidden = false;
  matrixFilter.addEventListener("input", filterMatrix);
  matrixFilter.addEventListener("reset", () => setTimeout(filterMatrix));
  matrixFilter.addEventListener("submit", (event) => event.preventDefault());
  filterMatrix();
  document.getElementById("matrix-table").addEventListener("click", (event) => {
    const link = event.target.closest("td a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [environment, mode] = common.columns[link.parentElement.dataset.column];
    openCells(link.getAttribute("href").slice(1), { environment, mode, status: wanted().status });
  });
}

/** Open what hides the target of the address, and show it. */
function revealTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const loss = target?.closest(".loss");
  if (!loss) return;
  if (loss.hidden) matrixFilter.reset();
  setTimeout(() => {
    loss.open = true;
    target.scrollIntoView();
  });
}

addEventListener("hashchange", revealTarget);
