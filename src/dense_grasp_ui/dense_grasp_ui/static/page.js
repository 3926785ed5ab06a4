// Paints the live picture: asks for the next frame when the last one is painted, and for none while nobody looks.
const RETRY_MS = 1000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function liveLoop() {
  let after = 0;
  let shown = "";
  for (;;) {
    const image = document.querySelector(".dg-live");
    const note = document.querySelector(".dg-no-picture");
    if (!image || document.hidden) {
      await pause(200);
      continue;
    }
    try {
      const answer = await fetch(`/live.jpg?after=${after}`, { cache: "no-store" });
      if (answer.status !== 200) {
        if (answer.status !== 204) throw new Error(await answer.text());
        note.textContent = "No image from the camera: is its driver running, and is it plugged in?";
        continue;
      }
      after = Number(answer.headers.get("X-Frame"));
      image.width = Number(answer.headers.get("X-Width"));
      image.height = Number(answer.headers.get("X-Height"));
      const url = URL.createObjectURL(await answer.blob());
      image.src = url;
      await image.decode();
      if (shown) URL.revokeObjectURL(shown);
      shown = url;
      note.textContent = "";
    } catch (error) {
      note.textContent = `The page's server does not answer: ${error.message}`;
      await pause(RETRY_MS);
    }
  }
}

liveLoop();
