// Draws what /api/stats says, once a second, for as long as the page is open.
"use strict";
const WIDTH = 600, HEIGHT = 200, MOST = 300;
const seen = [];
let before = null;

function line(name, top) {
  const points = seen.map((one, at) => {
    const x = (at / Math.max(seen.length - 1, 1)) * WIDTH;
    return `${x.toFixed(1)},${(HEIGHT - (one[name] / top) * (HEIGHT - 4) - 2).toFixed(1)}`;
  });
  document.getElementById(name).setAttribute("d", `M${points.join("L")}`);
}

async function look() {
  const text = document.getElementById("numbers");
  try {
    const answer = await fetch("/api/stats", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const told = await answer.json();
    before ??= told.refused;
    const used = told.in_use + told.starting;
    seen.push({ free: told.available, used, refused: told.refused - before });
    if (seen.length > MOST) seen.shift();
    const top = Math.max(told.capacity, ...seen.map((one) => one.refused), 1);
    ["free", "used", "refused"].forEach((name) => line(name, top));
    text.textContent = `${told.available} of ${told.capacity} places are free, ` +
      `${told.in_use} used, ${told.starting} starting, ${told.refused} refused so far.`;
  } catch {
    text.textContent = "The hub does not answer; trying again.";
  }
}

look();
setInterval(look, 1000);
