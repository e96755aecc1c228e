/* What all pages of the viewer share: asking the server, and the token out of the address. */
"use strict";

const Viewer = (() => {
  const address = new URL(location.href);
  if (address.searchParams.has("token")) {
    /* The cookie carries it from here on; the address can then be shown or copied. */
    address.searchParams.delete("token");
    history.replaceState(history.state, "", address);
  }

  async function ask(path, body) {
    const options = body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body) };
    const answer = await fetch(path, options);
    if (answer.ok) return answer.json();
    let told = `the server answered ${answer.status}`;
    try { told = (await answer.json()).error || told; } catch { /* not JSON */ }
    throw new Error(told);
  }

  function picture(path) {
    const image = new Image();
    image.src = path;
    return image.decode().then(() => image);
  }

  /* Packed outlines: the first point, then steps, in tenths of a pixel. */
  function unpack(path) {
    const points = new Float32Array(path.length);
    for (let k = 0; k < path.length; k += 1) points[k] = path[k] + (k > 1 ? points[k - 2] : 0);
    return points.map((value) => value / 10);
  }
  const unpacked = (lines) => Object.fromEntries(
    Object.entries(lines).map(([name, paths]) => [name, paths.map(unpack)]));

  /** A source for Cardiac.Player from what /api/edit tells; images are asked for once. */
  function sourceOf(head, base, layers) {
    const cache = { frame: [], map: [] };
    const once = (kind, i) => {
      if (!cache[kind][i]) {
        cache[kind][i] = picture(`${base}/${kind}/${i}`);
        cache[kind][i].catch(() => { cache[kind][i] = null; });
      }
      return cache[kind][i];
    };
    const lines = Object.fromEntries(layers.map(({ key }) => [key, []]));
    return {
      ...head, layers, all: lines,
      image: (i) => once("frame", i),
      map: head.map ? (i) => once("map", i) : null,
      lines: (key, i) => lines[key][i] || (layers[0].key !== key && lines[layers[0].key][i]) || {},
    };
  }

  /** Ask for the frames that follow, one after the other, so that playing does not wait. */
  async function prefetch(source, from) {
    for (let k = 0; k < source.count; k += 1) {
      try { await source.image((from + k) % source.count); } catch { return; }
    }
  }

  const typing = (node) => node && (node.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(node.tagName) ||
    (node.tagName === "INPUT" && !/^(range|checkbox|radio)$/.test(node.type)));

  /** Outlines as an SVG picture. shape: {paths: {epi, la, lv}}; box: [left, top, w, h]. */
  function drawing(shape, box, colors, label) {
    const { svg } = Cardiac;
    const line = (points) => {
      let d = "";
      for (let k = 0; k < points.length; k += 2) d += `${k ? "L" : "M"}${points[k]} ${points[k + 1]}`;
      return `${d}Z`;
    };
    return svg("svg", { viewBox: box.join(" "), class: "shape", role: "img", "aria-label": label },
      ...["epi", "la", "lv"].map((key) => svg("path", {
        d: line(shape.paths[key]), fill: colors[key], stroke: colors[key] })));
  }
  const COLORS = { lv: "#e69f00", epi: "#009e73", la: "#56b4e9" };

  return { ask, unpacked, sourceOf, prefetch, typing, drawing, COLORS };
})();
