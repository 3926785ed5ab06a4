// Draws a 3-D scene only while it is seen, and when something in it has changed. NiceGUI draws it ten times a second, even
// a robot that stands still below the edge of the window; without a graphics card that takes most of a core.
const LOOK_MS = 500; // between two looks for scenes that were made
window.dgDrawn = 0; // scenes drawn so far

// All that its picture depends on, except points of a shape that move one by one, which no panel does.
function lookOf(scene, camera) {
  const look = [...camera.position, ...camera.quaternion, ...camera.projectionMatrix.elements];
  scene.traverse((one) => {
    look.push(one.uuid, one.visible, ...one.position, ...one.quaternion, ...one.scale, one.geometry?.uuid);
    const surface = one.material;
    if (surface) look.push(surface.uuid, surface.version, surface.opacity, surface.color?.getHex());
  });
  return look.join();
}

function drawWhatChanged(renderer) {
  const [draw, resize] = [renderer.render.bind(renderer), renderer.setSize.bind(renderer)];
  let [drawn, seen] = ["", true];
  new IntersectionObserver((entries) => (seen = entries.at(-1).isIntersecting)).observe(renderer.domElement);
  renderer.setSize = (...size) => {
    resize(...size); // empties the canvas, also where its size stays
    drawn = "";
  };
  renderer.render = (scene, camera) => {
    if (!seen || document.hidden) {
      drawn = ""; // a browser need not keep what nobody sees
      return;
    }
    const look = lookOf(scene, camera);
    if (look === drawn) return;
    draw(scene, camera);
    drawn = look;
    window.dgDrawn += 1;
  };
}

const known = new WeakSet();
setInterval(() => {
  for (const element of document.querySelectorAll(".dg-scene > *")) {
    const renderer = window.getElement?.(element)?.renderer;
    if (!renderer || known.has(renderer)) continue;
    known.add(renderer);
    drawWhatChanged(renderer);
  }
}, LOOK_MS);
