// A cell opens to its probes. Everything of the report is put in as text, never as markup.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const dialog = document.querySelector("dialog");
const matrix = document.querySelector(".matrix");
const places = new Map(data.cells.map((cell, n) => [cell.slice(0, 3).join("\n"), n]));

const make = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};

// What is copied runs in any psql: the files of the fixture are put in where \i names them.
const complete = (sql) => sql.replace(data.setup.commands, () => data.setup.text);

const copier = (sql) => {
  const button = make("button", "Copy for psql", "copy");
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(complete(sql));
      button.textContent = "Copied";
    } catch {
      const area = button.parentNode.appendChild(make("textarea", complete(sql)));
      area.select();
      button.textContent = document.execCommand("copy") ? "Copied" : "Not copied";
      area.remove();
    }
    setTimeout(() => { button.textContent = "Copy for psql"; }, 1500);
  });
  return button;
};

const shown = (sql, whole) => {
  const box = make("div", undefined, "sql");
  box.append(make("pre", sql), copier(whole));
  return box;
};

const probe = ([action, subject, expected, came, wrong, statement], login) => {
  const item = make("li", undefined, wrong ? "wrong" : "");
  item.append(make("b", `${action} of ${subject}`));
  const facts = make("dl");
  facts.append(make("dt", "Must be"), make("dd", expected), make("dt", "Came"), make("dd", came));
  const sql = data.statements[statement];
  const whole = ["begin;", data.setup.commands, login, sql, "rollback;"].join("\n");
  item.append(facts, shown(sql, whole));
  return item;
};

const open = (number) => {
  const [identity, object, command, state, probes, through, samples] = data.cells[number];
  const person = data.people[identity] || { says: "", login: "" };
  document.getElementById("cell-title").textContent = `${identity}: ${command} ${object}`;
  document.getElementById("cell-says").textContent = person.says;
  const rest = probes > samples.length ? `; ${samples.length} of them:` : ":";
  document.getElementById("cell-counts").textContent =
    `${data.states[state]}. ${probes} ${probes === 1 ? "probe" : "probes"}, ${through} let through${rest}`;
  document.getElementById("cell-probes").replaceChildren(...samples.map((each) => probe(each, person.login)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  history.replaceState(null, "", `#${[identity, object, command].map(encodeURIComponent).join("/")}`);
};

// The address of a cell can be sent to somebody.
const addressed = () => {
  let name;
  try {
    name = location.hash.slice(1).split("/").map(decodeURIComponent).join("\n");
  } catch {
    return;
  }
  if (places.has(name)) open(places.get(name));
};

const buttons = [...matrix.querySelectorAll("button")];
const numbered = new Map(buttons.map((button) => [button, Number(button.dataset.cell)]));
if (buttons.length) buttons[0].tabIndex = 0;
matrix.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) open(numbered.get(button));
});

const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
matrix.addEventListener("keydown", (event) => {
  const step = steps[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  event.preventDefault();
  const rows = [...matrix.querySelectorAll("tbody tr")].filter((row) => row.querySelector("td"));
  let row = rows.indexOf(from.parentNode);
  let column = from.cellIndex;
  do {
    row += step[0];
    column += step[1];
    const next = rows[row]?.cells[column]?.querySelector("button");
    if (next) {
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  } while (rows[row]?.cells[column]);
});

let marked;
matrix.addEventListener("pointerover", (event) => {
  const at = event.target.closest("tbody td");
  const head = at && matrix.tHead.rows[0].cells[at.cellIndex];
  if (marked !== head) marked?.classList.remove("at");
  head?.classList.add("at");
  marked = head;
});

dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
addEventListener("hashchange", addressed);

for (const box of document.querySelectorAll(".list .sql")) {
  box.append(copier(box.querySelector("pre").textContent));
}
for (const chips of document.querySelectorAll(".chips")) {
  for (const chip of chips.children) {
    const number = places.get([chip.textContent, chips.dataset.object, chips.dataset.command].join("\n"));
    if (number === undefined) chip.disabled = true;
    else chip.addEventListener("click", () => open(number));
  }
}
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
addressed();
