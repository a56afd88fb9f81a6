"use strict";
const form = document.getElementById("filter");
if (form) {
  const words = document.getElementById("words");
  const count = document.getElementById("count");
  const items = [...document.querySelectorAll("[data-text]")];
  const rows = items.filter((item) => item.matches("tr"));
  const groups = new Set(rows.map((row) => row.parentElement));

  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const health = form.elements.health.value;
    for (const item of items) {
      const { text, health: own } = item.dataset;
      item.hidden = (health && own !== health) || !wanted.every((word) => text.includes(word));
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("tr[data-text]:not([hidden])");
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} JWKs`;
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    rows.find((row) => !row.hidden)?.querySelector("a").focus();
  });
  form.hidden = false;
  apply();
}
