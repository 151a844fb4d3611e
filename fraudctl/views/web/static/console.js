// Puts what is newer in the place of what is old. The server made it, and escaped every text in it.
"use strict";
const live = document.querySelector("[data-live]");

async function renew() {
  const news = document.getElementById("news");
  const after = news ? news.dataset.number : "";
  try {
    const answer = await fetch(`${live.dataset.live}?after=${after}`);
    if (answer.status === 200) show(await answer.text());
    live.classList.toggle("stale", !answer.ok);
  } catch {
    live.classList.add("stale");
  }
  setTimeout(renew, 2000);
}

function show(html) {
  const held = document.activeElement;
  const link = live.contains(held) ? held.getAttribute("href") : null;
  live.innerHTML = html;
  // Who goes through the alerts by keyboard stays at the one where they were.
  if (link) [...live.querySelectorAll("a")].find((one) => one.getAttribute("href") === link)?.focus();
}

if (live) setTimeout(renew, 1000);
