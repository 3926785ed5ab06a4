import "./scene.js";

// Paints the pictures: the live one, and the heatmap of the pixel under the pointer. A request follows when the picture
// of the one before is painted, so a slow machine skips pictures and does not lag; none is sent while nobody looks.
const RETRY_MS = 1000;
const REST_MS = 150; // between two heatmaps of a pointer that rests
const FIT_MS = 100; // between two looks whether the fingers fit
const NOT_THERE = {
  colour: "No image from the camera: is its driver running, and is it plugged in?",
  depth: "No depth from the camera: is it switched on, and aligned to the colour image?",
  descriptors: "No descriptors: is descriptor_node running?",
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const find = (name) => document.querySelector(`.${name}`);
window.dgPictures = 0; // painted so far
window.dgLatencies = []; // ms from a pointer's event to its painted heatmap

async function paint(image, blob, shown) {
  const url = URL.createObjectURL(blob);
  image.src = url;
  await image.decode();
  if (shown) URL.revokeObjectURL(shown);
  return url;
}

const pictureAddress = (key) => `/picture.jpg?key=${encodeURIComponent(key)}`;

async function pictureLoop() {
  let [after, shown, kept, layer] = [0, "", "", "colour"];
  for (;;) {
    const [image, note] = [find("dg-live"), find("dg-no-picture")];
    const source = image?.dataset.picture;
    if (!source || document.hidden || (source !== "live" && source === kept)) {
      await pause(100);
      continue;
    }
    try {
      if ((image.dataset.layer ?? "colour") !== layer) [after, layer] = [0, image.dataset.layer];
      const address = source === "live" ? `/live.jpg?layer=${layer}&after=${after}` : pictureAddress(source);
      const answer = await fetch(address, { cache: "no-store" });
      if (answer.status === 204) {
        note.textContent = NOT_THERE[layer];
        continue;
      }
      if (answer.status !== 200) throw new Error(await answer.text());
      if (source === "live") after = Number(answer.headers.get("X-Frame"));
      shown = await paint(image, await answer.blob(), shown);
      kept = source;
      image.dataset.painted = source;
      if (find("dg-told")) find("dg-told").textContent = answer.headers.get("X-Told") ?? "";
      window.dgPictures += 1;
      note.textContent = "";
    } catch (error) {
      note.textContent = `No picture: ${error.message}`;
      await pause(RETRY_MS);
    }
  }
}

// The pointer, or the point that the arrow keys move: pixel of the picture, and when it came there.
let point = null;
let moved = () => {};

function pixelOf(image, event) {
  const box = image.getBoundingClientRect();
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const left = (box.width - scale * image.naturalWidth) / 2;
  const top = (box.height - scale * image.naturalHeight) / 2;
  const u = (event.clientX - box.left - left) / scale - 0.5;
  const v = (event.clientY - box.top - top) / scale - 0.5;
  return inside(image, u, v) ? { u, v, at: event.timeStamp } : null;
}

function inside(image, u, v) {
  return u >= -0.5 && v >= -0.5 && u < image.naturalWidth - 0.5 && v < image.naturalHeight - 0.5;
}

function setPoint(image, next) {
  point = next;
  const layer = find("dg-point");
  if (layer) {
    layer.innerHTML = next
      ? `<svg viewBox="-0.5 -0.5 ${image.naturalWidth} ${image.naturalHeight}"><path d="M${next.u - 9} ${next.v}h18M${next.u} ${next.v - 9}v18"/></svg>`
      : "";
  }
  moved();
}

// Point at a pixel of a picture as soon as that is painted.
window.dgPointAt = async (key, u, v) => {
  for (let tries = 0; tries < 100; tries++) {
    const image = find("dg-live");
    if (image.dataset.picture === key && image.dataset.painted === key) {
      setPoint(image, { u, v, at: performance.now() });
      return;
    }
    await pause(50);
  }
};

// The open fingers over the picture: a ring at the pointer while their turn is open, then a bar across the contact.
function drawnFit(image, fit, at) {
  const { guide, contact, first } = image.dataset;
  const half = fit.pixels / 2;
  const told = `${(1000 * fit.metres).toFixed(0)} mm open, ${(1000 * fit.depth).toFixed(0)} mm away`;
  let shape = `<circle cx="${at.u}" cy="${at.v}" r="${half}"/>`;
  if (guide !== "contact") {
    const from = (guide === "axis_b" && first ? first : contact).split(",").map(Number);
    const [du, dv] = [point.u - from[0], point.v - from[1]];
    const [a, b] = [du, dv].map((one) => one / (Math.hypot(du, dv) || 1));
    const jaw = (side) =>
      `M${at.u + side * half * a - 14 * b} ${at.v + side * half * b + 14 * a}l${28 * b} ${-28 * a}`;
    shape = `<path d="${jaw(1)}${jaw(-1)}"/><path class="dg-between" d="M${at.u - half * a} ${at.v - half * b}L${at.u + half * a} ${at.v + half * b}"/>`;
  }
  return `<svg class="dg-marks" viewBox="-0.5 -0.5 ${image.naturalWidth} ${image.naturalHeight}">${shape}<text x="8" y="24">${told}</text></svg>`;
}

async function fitLoop() {
  for (;;) {
    await pause(FIT_MS);
    const [image, layer] = [find("dg-live"), find("dg-fit")];
    if (!layer) continue;
    const { guide, picture, contact } = image.dataset;
    if (!point || (guide ?? "none") === "none" || picture !== "live" || document.hidden) {
      layer.replaceChildren();
      continue;
    }
    const [u, v] = guide === "contact" || !contact ? [point.u, point.v] : contact.split(",").map(Number);
    try {
      const answer = await fetch(`/fit.json?u=${u}&v=${v}`, { cache: "no-store" });
      if (answer.status !== 200) throw new Error(await answer.text());
      layer.innerHTML = drawnFit(image, await answer.json(), { u, v });
    } catch {
      layer.replaceChildren(); // no depth there, which is said by the click's answer
      await pause(3 * FIT_MS);
    }
  }
}

function pick(image) {
  if (point) image.dispatchEvent(new CustomEvent("dgpick", { detail: { u: point.u, v: point.v } }));
}

document.addEventListener("pointermove", (event) => {
  if (event.target.classList?.contains("dg-live")) setPoint(event.target, pixelOf(event.target, event));
});
document.addEventListener("click", (event) => {
  if (!event.target.classList?.contains("dg-live")) return;
  setPoint(event.target, pixelOf(event.target, event));
  pick(event.target);
});
document.addEventListener("keydown", (event) => {
  const image = event.target;
  if (!image.classList?.contains("dg-live") || !image.naturalWidth) return;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (step) {
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    const from = point ?? { u: image.naturalWidth / 2, v: image.naturalHeight / 2 };
    const [u, v] = [from.u + far * step[0], from.v + far * step[1]];
    if (inside(image, u, v)) setPoint(image, { u, v, at: event.timeStamp });
  } else if (event.key === "Enter") {
    pick(image);
  }
});
document.addEventListener("input", (event) => {
  if (!event.target.classList?.contains("dg-t")) return;
  find("dg-t-value").textContent = Number(event.target.value).toFixed(2);
  moved();
});

function showPeaks(peaks, image) {
  const list = find("dg-peaks");
  const threshold = Number(list.dataset.threshold || NaN);
  list.replaceChildren(
    ...peaks.map(([u, v, score]) => {
      const row = document.createElement("li");
      row.className = score >= threshold || Number.isNaN(threshold) ? "dg-above" : "dg-below";
      row.style.setProperty("--dg-score", score);
      if (!Number.isNaN(threshold)) row.style.setProperty("--dg-threshold", threshold);
      row.textContent = `score ${score.toFixed(2)} at (${u}, ${v}) px`;
      return row;
    }),
  );
  const marks = peaks.map(
    ([u, v], index) => `<g><circle cx="${u}" cy="${v}" r="8"/><text x="${u + 11}" y="${v + 6}">${index + 1}</text></g>`,
  );
  find("dg-peak-marks").innerHTML =
    `<svg class="dg-marks" viewBox="-0.5 -0.5 ${image.naturalWidth} ${image.naturalHeight}">${marks.join("")}</svg>`;
}

// The picture that is searched, as long as nothing was pointed at in it.
async function showTarget(image, shown) {
  const answer = await fetch(pictureAddress(image.dataset.picture), { cache: "no-store" });
  if (answer.status !== 200) throw new Error(await answer.text());
  shown = await paint(image, await answer.blob(), shown);
  showPeaks([], image);
  return shown;
}

async function heatLoop() {
  let [shown, plain] = ["", ""];
  for (;;) {
    const [image, note] = [find("dg-heat"), find("dg-no-heat")];
    if (!image || !point || document.hidden) {
      const target = image?.dataset.picture ?? "live";
      if (target !== "live" && target !== plain) {
        try {
          shown = await showTarget(image, shown);
        } catch (error) {
          note.textContent = error.message;
        }
        plain = target;
      }
      if (note && !shown) note.textContent = "Move the pointer over the picture.";
      await new Promise((resolve) => ((moved = resolve), setTimeout(resolve, 500)));
      continue;
    }
    const asked = point;
    const t = find("dg-t").value;
    try {
      const [source, target] = [find("dg-live"), image].map((shows) => encodeURIComponent(shows.dataset.picture));
      const address = `/heat.jpg?source=${source}&target=${target}&u=${asked.u}&v=${asked.v}&t=${t}`;
      const answer = await fetch(address, { cache: "no-store" });
      if (answer.status !== 200) throw new Error(await answer.text());
      shown = await paint(image, await answer.blob(), shown);
      showPeaks(JSON.parse(answer.headers.get("X-Peaks")), image);
      plain = "";
      note.textContent = "";
      await new Promise(requestAnimationFrame);
      if (window.dgLast !== asked) window.dgLatencies.push(performance.now() - asked.at);
      window.dgLast = asked;
    } catch (error) {
      note.textContent = error.message;
      await pause(300);
    }
    if (point === asked) await new Promise((resolve) => ((moved = resolve), setTimeout(resolve, REST_MS)));
  }
}

pictureLoop();
heatLoop();
fitLoop();
