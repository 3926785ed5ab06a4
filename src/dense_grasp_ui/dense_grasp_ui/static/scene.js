// A 3-D scene is drawn only when it is seen and something in it has changed. NiceGUI draws it ten times a second: without
// a graphics card that takes most of a core, also of a robot that stands still below the edge of the window.
const LOOK_MS = 500; // between two looks for scenes that were made
window.dgDrawn = 0; // scenes drawn so far

// All that a picture of it depends on, but for shapes whose points are moved one by one, which no panel does.
function lookOf(scene, camera, canvas) {
  const look = [canvas.width, canvas.height, ...camera.position, ...camera.quaternion, ...camera.projectionMatrix.elements];
  scene.traverse((one) => {
    look.push(one.uuid, one.visible, ...one.position, ...one.quaternion, ...one.scale, one.geometry?.uuid);
    const surface = one.material;
    if (surface) look.push(surface.uuid, surface.version, surface.opacity, surface.color?.getHex());
  });
  return look.join();
}

function drawWhatChanged(renderer) {
  const draw = renderer.render.bind(renderer);
  let [drawn, seen] = ["", true];
  new IntersectionObserver((entries) => (seen = entries.at(-1).isIntersecting)).observe(renderer.domElement);
  renderer.render = (scene, camera) => {
    if (!seen || document.hidden) return;
    const look = lookOf(scene, camera, renderer.domElement);
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
