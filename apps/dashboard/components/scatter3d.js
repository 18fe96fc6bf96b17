// Points in three dimensions by Plotly, which is loaded from our own server when somebody looks at weights, not before.
// The figure arrives as plain data; its texts are ours or numbers.
const NARROW_PX = 560; // a phone
let loading;
function plotly(source) {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => done(window.Plotly);
    script.onerror = () => { loading = undefined; failed(new Error("Plotly could not be loaded")); };
    document.head.append(script);
  });
  return loading;
}

// Plotly puts its rules into the document, which do not reach into the component's own tree.
function styleOfPlotly() {
  const rules = [...document.querySelectorAll("style[id^='plotly.js-style']")].flatMap(({sheet}) => [...sheet.cssRules]);
  const style = document.createElement("style");
  style.textContent = rules.map((rule) => rule.cssText).join("\n");
  return style;
}

function themed(layout, holder) {
  const style = getComputedStyle(holder);
  const ink = style.getPropertyValue("--panel-on-surface-color") || style.color;
  const axis = (given) => ({...given, color: ink, gridcolor: "#8a95a3", gridwidth: 1});
  const {xaxis, yaxis, zaxis, camera} = layout.scene;
  const away = holder.clientWidth < NARROW_PX ? 1.85 : 1; // on a phone all of it, from further away
  const eye = Object.fromEntries(Object.entries(camera.eye).map(([name, at]) => [name, at * away]));
  return {
    ...layout,
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    font: {color: ink, size: 11, family: "Roboto, system-ui, sans-serif"},
    scene: {...layout.scene, camera: {...camera, eye}, xaxis: axis(xaxis), yaxis: axis(yaxis), zaxis: axis(zaxis)},
  };
}

export function render({model}) {
  const holder = document.createElement("div");
  holder.className = "points3d";
  holder.style.cssText = `position: relative; width: 100%; height: min(${model.height_px}px, max(360px, 60vh))`;
  const plot = document.createElement("div");
  plot.style.cssText = "width: 100%; height: 100%";
  const waiting = document.createElement("p");
  waiting.textContent = "Drawing …";
  waiting.style.cssText = "position: absolute; inset: 45% 0 auto; margin: 0; text-align: center; opacity: .65";
  holder.append(waiting, plot);
  const draw = async () => {
    if (!model.figure?.data) return;
    const Plotly = await plotly(model.source);
    if (!holder.isConnected) return;
    if (!holder.querySelector("style")) holder.prepend(styleOfPlotly());
    const narrow = holder.clientWidth < NARROW_PX;
    const traces = model.figure.data.map((trace) => ({...trace, marker: {...trace.marker, showscale: !narrow && "colorbar" in trace.marker}}));
    await Plotly.react(plot, traces, themed(model.figure.layout, holder), {
      displaylogo: false, responsive: true, modeBarButtonsToRemove: ["toImage"],
    });
    waiting.remove();
    holder.dataset.points = model.figure.data.reduce((sum, trace) => sum + trace.x.length, 0);
  };
  model.on("figure", draw);
  const seen = new ResizeObserver(() => { if (holder.clientWidth && !holder.dataset.points) draw(); });
  seen.observe(holder);
  model.on("remove", () => { seen.disconnect(); window.Plotly?.purge(plot); });
  return holder;
}
