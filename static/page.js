// Starts the accessible components, prints on request, and opens what a link points into.
import { initAll } from "./vendor/govuk-frontend-6.6.0.min.js";

initAll();

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Larger type (大字版): one press, and every page of this device keeps it.
const size = document.querySelector("[data-type-size]");
const large = document.documentElement.classList;
function sayType() {
  size.textContent = large.contains("large-type") ? "标准字号" : "大字版";
}
if (size) {
  size.hidden = false;
  sayType();
  size.addEventListener("click", () => {
    const chosen = large.toggle("large-type") ? "large" : "usual";
    try { localStorage.setItem("type", chosen); } catch { /* for this page alone */ }
    sayType();
  });
}

// A question with many boxes: one press ticks them all, or none.
for (const boxes of document.querySelectorAll(".question .govuk-checkboxes")) {
  const all = [...boxes.querySelectorAll("input[type=checkbox]")];
  if (all.length < 6) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "linkish every";
  const whole = () => all.every((box) => box.checked);
  const say = () => { button.textContent = whole() ? "全不选" : "全选"; };
  button.addEventListener("click", () => {
    const wanted = !whole();
    for (const box of all) box.checked = wanted;
    say();
  });
  boxes.addEventListener("change", say);
  addEventListener("pageshow", say);
  say();
  boxes.before(button);
}

function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.closest("details");
  if (details) details.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();

// Sent without a network, a form would leave its page, and what was typed in it with it.
function sayUnsent(form) {
  form.querySelector(".unsent")?.remove();
  const note = document.createElement("div");
  note.className = "unsent";
  note.setAttribute("role", "alert");
  note.textContent = "网络断开了，还没有保存。您填的都还在这一页，请不要关闭；连上以后再按一次。";
  form.querySelector(".button-row").before(note);
}

// A page of the form that was typed into and not sent asks before it is left, and is not sent without a network.
for (const form of document.querySelectorAll("form[data-keep]")) {
  let typed = false;
  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("submit", (event) => {
    if (typed && !navigator.onLine) {
      event.preventDefault();
      sayUnsent(form);
    } else typed = false;
  });
  addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
}

// Going back, a browser brings what stood in a page when it was left. Where the page says something else by now, what
// it says counts: an old choice would otherwise be saved over a newer one unseen.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const seen = form.elements.seen?.value;
    if (!seen) continue;
    if (history.state?.seen && history.state.seen !== seen) form.reset();
    history.replaceState({ ...history.state, seen }, "");
  }
});
