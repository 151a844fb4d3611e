// Puts what is newer in the place of what is old. The server made it, and escaped every text in it.
"use strict";
const live = document.querySelector("[data-live]");

async function renew() {
  const news = document.getElementById("news");
  const after = news ? news.dataset.number : "";
  try {
    const answer = await fetch(`${live.dataset.live}?after=${after}`);
    const newer = await answer.text();
    if (answer.status === 200 && !isMarked()) show(newer);
    tell(answer.ok);
  } catch {
    tell(false);
  }
  setTimeout(renew, 2000);
}

// What somebody has marked, to copy it, stays until it is marked no more.
function isMarked() {
  const marked = getSelection();
  return !marked.isCollapsed && live.contains(marked.anchorNode);
}

function tell(isAnswered) {
  live.classList.toggle("stale", !isAnswered);
  document.getElementById("away").hidden = isAnswered;
}

function show(html) {
  const held = live.contains(document.activeElement) ? document.activeElement : null;
  const link = held && held.getAttribute("href");
  const across = live.querySelector(".wide")?.scrollLeft;
  live.innerHTML = html;
  const table = live.querySelector(".wide");
  if (table && across) table.scrollLeft = across;
  // Who goes through the alerts by keyboard stays at the one where they were, or else in their table.
  const same = link && [...live.querySelectorAll("a")].find((one) => one.getAttribute("href") === link);
  if (held) (same || table)?.focus({ preventScroll: true });
}

if (live) setTimeout(renew, 1000);
