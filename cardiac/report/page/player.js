/* A cine with outlines, an uncertainty map and curves that follow it.
 *
 * Nothing here knows where data come from. A player is given a source:
 *   frames      numbers of the frames that can be shown, as the cine counts them (from 0)
 *   count       number of frames of the whole cine
 *   size        [height, width] in which outlines are given
 *   times       seconds of every frame of the cine, or null
 *   pixelMm     size of a pixel of that size in mm, or null
 *   ed, es      frames of each phase
 *   structures  [{key, title, color}], later ones drawn on top
 *   layers      [{key, title}]; the first is drawn solid, the second dashed
 *   image(i)    promise of something a canvas can draw, for the i-th of the frames
 *   map(i)      the same for the uncertainty in grey levels, or null where there is none
 *   lines(k, i) {structure: [[x, y, x, y, ...], ...]} of layer k
 * Cardiac.sourceOf(data) makes one of a case file (report/<id>.json).
 */
"use strict";

const Cardiac = (() => {
  /* ---- small helpers ------------------------------------------------------------------ */

  const SVG = (() => {
    const holder = document.createElement("div");
    holder.innerHTML = "<svg></svg>";
    return holder.firstChild.namespaceURI;
  })();

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "text") node.textContent = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children) if (child) node.append(child);
    return node;
  }
  const el = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  const ICONS = {
    play: "M4 2 L14 8 L4 14 Z",
    pause: "M3 2 H7 V14 H3 Z M9 2 H13 V14 H9 Z",
    back: "M11 2 L5 8 L11 14 Z M3 2 H5 V14 H3 Z",
    next: "M5 2 L11 8 L5 14 Z M11 2 H13 V14 H11 Z",
  };
  const icon = (name) =>
    svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
      svg("path", { d: ICONS[name] }));

  let serial = 0;
  const fresh = (stem) => `${stem}-${++serial}`;

  /* Plasma (matplotlib): even steps of lightness, told apart by all, also in grey. */
  const HEAT = [
    [13, 8, 135], [65, 4, 157], [106, 0, 168], [143, 13, 164], [177, 42, 144], [204, 71, 120],
    [225, 100, 98], [242, 132, 75], [252, 166, 54], [252, 206, 37], [240, 249, 33],
  ];
  const heat = (share) => {
    const at = Math.min(Math.max(share, 0), 1) * (HEAT.length - 1);
    const low = Math.min(Math.floor(at), HEAT.length - 2);
    return HEAT[low].map((c, k) => Math.round(c + (at - low) * (HEAT[low + 1][k] - c)));
  };
  const PALETTE = new Uint8ClampedArray(4 * 256);
  for (let level = 0; level < 256; level += 1) {
    /* What is hardly uncertain is left clear, so that the image stays readable. */
    const clear = Math.min(1, Math.max(0, (level - 5) / 70));
    PALETTE.set([...heat(level / 255), 255 * clear], 4 * level);
  }

  function coloured(image, width, height) {
    const canvas = el("canvas", { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height);
    for (let k = 0; k < pixels.data.length; k += 4) {
      const level = 4 * pixels.data[k];
      for (let c = 0; c < 4; c += 1) pixels.data[k + c] = PALETTE[level + c];
    }
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  /** A number for a reader, with a true minus; "–" for a missing one. */
  function number(value, digits) {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    const places = digits === undefined ? (size < 1 ? 2 : size < 100 ? 1 : 0) : digits;
    const text = value.toFixed(places);
    return Number(text) < 0 ? `\u2212${text.slice(1)}` : text.replace("-", "");
  }

  /* ---- a source from a case file ------------------------------------------------------- */

  function unpack(path) {
    const points = new Float32Array(path.length);
    for (let k = 0; k < path.length; k += 1) points[k] = path[k] + (k > 1 ? points[k - 2] : 0);
    return points.map((value) => value / 10);
  }

  function loaded(type, text) {
    const image = new Image();
    image.src = `data:${type};base64,${text}`;
    return image.decode().then(() => image);
  }

  function sourceOf(data) {
    const cache = { cine: [], map: [] };
    const fetchOnce = (kind, i) => {
      const store = cache[kind];
      if (!store[i]) store[i] = loaded(data[kind].type, data[kind].images[i]);
      return store[i];
    };
    const layers = new Map(data.layers.map((layer) => [layer.key, layer.lines]));
    const lines = (key, i) => {
      let found = layers.get(key)[i];
      if (found === null) found = layers.get(data.layers[0].key)[i];
      return Object.fromEntries(
        Object.entries(found).map(([name, paths]) => [name, paths.map(unpack)]));
    };
    return {
      frames: data.shown, count: data.frames, size: data.size, times: data.times,
      pixelMm: data.pixel_mm, ed: data.ed, es: data.es,
      structures: data.structures, layers: data.layers.map(({ key, title }) => ({ key, title })),
      image: (i) => fetchOnce("cine", i),
      map: data.map ? (i) => fetchOnce("map", i) : null,
      lines,
    };
  }

  /* ---- drawing ------------------------------------------------------------------------ */

  function traced(context, lines, structures, scale, style) {
    context.lineJoin = "round";
    for (const { key, color } of structures) {
      if (style.hidden && style.hidden.has(key)) continue;
      context.beginPath();
      for (const points of lines[key] || []) {
        context.moveTo(points[0] * scale, points[1] * scale);
        for (let k = 2; k < points.length; k += 2) {
          context.lineTo(points[k] * scale, points[k + 1] * scale);
        }
        context.closePath();
      }
      /* A dark rim below keeps the line visible on bright tissue. */
      context.setLineDash([]);
      context.strokeStyle = "rgba(0,0,0,.55)";
      context.lineWidth = style.width + 1.6 * style.unit;
      if (!style.dash) context.stroke();
      context.setLineDash(style.dash || []);
      context.strokeStyle = style.color || color;
      context.lineWidth = style.width;
      context.stroke();
    }
  }

  function ruler(context, source, scale, height, unit) {
    if (!source.pixelMm) return;
    const step = (10 / source.pixelMm) * scale;
    if (step < 4 * unit) return;
    context.setLineDash([]);
    context.strokeStyle = "rgba(255,255,255,.75)";
    context.fillStyle = "rgba(255,255,255,.85)";
    context.lineWidth = unit;
    context.font = `${10 * unit}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.beginPath();
    for (let k = 1; k * step < height - 2 * unit; k += 1) {
      const long = k % 5 === 0;
      context.moveTo(0, k * step);
      context.lineTo((long ? 9 : 5) * unit, k * step);
      if (long) context.fillText(`${k} cm`, 12 * unit, k * step);
    }
    context.stroke();
  }

  /* ---- the player --------------------------------------------------------------------- */

  const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
  const NOMINAL = 1 / 25;

  class Player {
    /** Builds a player into an element. Options: onFrame(frame), heading. */
    constructor(root, source, options) {
      this.root = root;
      this.source = source;
      this.listeners = [];
      if (options && options.onFrame) this.listeners.push(options.onFrame);
      this.at = 0;
      this.playing = false;
      this.speed = 1;
      this.mode = source.layers[0].key;
      this.hidden = new Set();
      this.mapShown = false;
      this.opacity = 0.7;
      this.shownAt = -1;
      this.tinted = { at: -1, canvas: null };
      this._build();
      this.observer = new ResizeObserver(() => this._resize());
      this.observer.observe(this.stage);
      const first = source.ed.length ? source.frames.indexOf(source.ed[0]) : 0;
      this.show(Math.max(0, first));
    }

    get frame() { return this.source.frames[this.at]; }

    /** Show the i-th of the frames that there are. */
    show(i) {
      const n = this.source.frames.length;
      this.at = ((i % n) + n) % n;
      this._label();
      for (const listen of this.listeners) listen(this.frame, this.at);
      return this.draw();
    }

    /** Show the frame nearest to one that the cine counts so. */
    seek(frame) {
      const distance = this.source.frames.map((f) => Math.abs(f - frame));
      return this.show(distance.indexOf(Math.min(...distance)));
    }

    step(by) { this.pause(); return this.show(this.at + by); }

    play() {
      if (this.playing || this.source.frames.length < 2) return;
      this.playing = true;
      this._button();
      this.clock = null;
      const tick = (now) => {
        if (!this.playing) return;
        if (this.clock === null) this.clock = now;
        const wait = (1000 * this._length(this.at)) / this.speed;
        if (now - this.clock >= wait) {
          /* Late by more than a few frames: the page was away. Go on from here. */
          this.clock = now - this.clock > 10 * wait ? now : this.clock + wait;
          this.show(this.at + 1);
        }
        this.request = requestAnimationFrame(tick);
      };
      this.request = requestAnimationFrame(tick);
    }

    pause() {
      this.playing = false;
      cancelAnimationFrame(this.request);
      this._button();
    }

    toggle() { if (this.playing) this.pause(); else this.play(); }

    setSpeed(speed) { this.speed = speed; this.speeds.value = String(speed); }

    /** "written", "network" (any layer's key), "both" or "none". */
    setMode(mode) {
      this.mode = mode;
      for (const radio of this.radios) radio.checked = radio.value === mode;
      return this.draw();
    }

    setMap(shown, opacity) {
      if (!this.source.map) return Promise.resolve();
      this.mapShown = shown;
      if (opacity !== undefined) this.opacity = opacity;
      this.mapBox.checked = shown;
      this.slider.value = String(Math.round(100 * this.opacity));
      this.slider.disabled = !shown;
      return this.draw();
    }

    /** After the source has changed what it gives for the frame that is shown. */
    refresh() { this.tinted.at = -1; return this.draw(); }

    destroy() { this.pause(); this.observer.disconnect(); this.root.replaceChildren(); }

    /** Whether a key was one of ours. */
    handleKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      const modes = this._modes().map(([key]) => key);
      const phase = (frames) => frames.length && (this.pause(), this._nextOf(frames));
      const does = {
        " ": () => this.toggle(),
        ArrowLeft: () => this.step(event.shiftKey ? -10 : -1),
        ArrowRight: () => this.step(event.shiftKey ? 10 : 1),
        Home: () => { this.pause(); this.show(0); },
        End: () => { this.pause(); this.show(-1); },
        d: () => phase(this.source.ed),
        s: () => phase(this.source.es),
        c: () => this.setMode(modes[(modes.indexOf(this.mode) + 1) % modes.length]),
        u: () => this.setMap(!this.mapShown),
        "+": () => this._faster(1),
        "-": () => this._faster(-1),
      }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!does) return false;
      does();
      return true;
    }

    /** Draw the frame that is shown. Resolves once it is on the canvas. */
    async draw() {
      const at = this.at;
      const map = this.mapShown && this.source.map;
      let image, tint;
      try {
        [image, tint] = await Promise.all([
          this.source.image(at), map ? this.source.map(at) : null]);
      } catch (error) {
        this.caption.textContent = "this frame cannot be shown";
        return;
      }
      if (at !== this.at) return;  /* another frame was asked for meanwhile */
      const { width, height } = this.canvas;
      const context = this.canvas.getContext("2d");
      const scale = width / this.source.size[1];
      const unit = window.devicePixelRatio || 1;
      context.imageSmoothingQuality = "high";
      context.clearRect(0, 0, width, height);
      context.drawImage(image, 0, 0, width, height);
      if (tint) {
        if (this.tinted.at !== at) {
          const [h, w] = [tint.naturalHeight || tint.height, tint.naturalWidth || tint.width];
          this.tinted = { at, canvas: coloured(tint, w, h) };
        }
        context.globalAlpha = this.opacity;
        context.drawImage(this.tinted.canvas, 0, 0, width, height);
        context.globalAlpha = 1;
      }
      const keys = this.source.layers.map((layer) => layer.key);
      keys.forEach((key, rank) => {
        if (this.mode !== key && this.mode !== "both") return;
        const dash = rank > 0 ? [5 * unit, 4 * unit] : null;
        /* Over lines of the same colour a dashed one would not be seen. */
        const color = rank > 0 && this.mode === "both" ? "#fff" : null;
        const width = (color ? 1.3 : 1.8) * unit;
        traced(context, this.source.lines(key, at), this.source.structures, scale,
          { width, unit, dash, color, hidden: this.hidden });
      });
      ruler(context, this.source, scale, height, unit);
      this.shownAt = at;
      this.canvas.dataset.frame = String(this.frame);
    }

    /* -- parts -- */

    _modes() {
      const layers = this.source.layers.map(({ key, title }) => [key, title]);
      return layers.length > 1 ? [...layers, ["both", "both"], ["none", "none"]]
        : [...layers, ["none", "none"]];
    }

    _length(i) {
      const { frames, times } = this.source;
      if (!times) return NOMINAL * (frames.length <= 4 ? 12 : 1);
      if (i + 1 < frames.length) return Math.max(0.001, times[frames[i + 1]] - times[frames[i]]);
      return (times[frames[i]] - times[frames[0]]) / Math.max(1, frames.length - 1) || NOMINAL;
    }

    _nextOf(phase) {
      const later = phase.filter((frame) => frame > this.frame);
      return this.seek(later.length ? later[0] : phase[0]);
    }

    _faster(by) {
      const at = SPEEDS.indexOf(this.speed) + by;
      if (SPEEDS[at]) this.setSpeed(SPEEDS[at]);
    }

    _phase(frame) {
      if (this.source.ed.includes(frame)) return "ED";
      return this.source.es.includes(frame) ? "ES" : "";
    }

    _label() {
      const { times, count } = this.source;
      const time = times ? `${times[this.frame].toFixed(3)} s` : "time unknown";
      const phase = this._phase(this.frame);
      const text = `frame ${this.frame} of ${count}, ${time}`;
      this.caption.textContent = text;
      this.badge.textContent = phase;
      this.badge.hidden = !phase;
      this.range.value = String(this.at);
      this.range.setAttribute("aria-valuetext", text + (phase ? `, ${phase}` : ""));
      this.canvas.setAttribute("aria-label", `Echo image, ${text}${phase ? `, ${phase}` : ""}`);
    }

    _button() {
      const name = this.playing ? "pause" : "play";
      this.playButton.replaceChildren(icon(name), el("span", { text: this.playing ? "Pause" : "Play" }));
      this.root.dataset.playing = String(this.playing);
    }

    _resize() {
      const ratio = window.devicePixelRatio || 1;
      const width = Math.round(this.canvas.clientWidth * ratio);
      if (!width) return;
      const height = Math.round((width * this.source.size[0]) / this.source.size[1]);
      if (this.canvas.width === width && this.canvas.height === height) return;
      this.canvas.width = width;
      this.canvas.height = height;
      this.draw();
    }

    _build() {
      const { source } = this;
      const [h, w] = source.size;
      this.canvas = el("canvas", { role: "img", width: w, height: h });
      this.canvas.style.aspectRatio = `${w} / ${h}`;
      this.canvas.style.setProperty("--shape", String(w / h));
      this.badge = el("span", { class: "phase", hidden: true });
      this.caption = el("span", { class: "where" });
      this.stage = el("div", { class: "stage" }, this.canvas,
        el("p", { class: "caption" }, this.caption, this.badge));
      this.root.classList.add("player");
      this.root.append(this.stage, this._transport(), this._layers());
      if (source.map) this.root.append(this._heat());
      this._button();
    }

    _transport() {
      const last = this.source.frames.length - 1;
      const alone = last < 1;
      this.playButton = el("button", {
        type: "button", class: "main", disabled: alone, onclick: () => this.toggle(),
        title: "Space" });
      const by = (name, text, key, step) => el("button", {
        type: "button", "aria-label": text, title: `${text} (${key})`, disabled: alone,
        onclick: () => this.step(step) }, icon(name));
      this.range = el("input", {
        type: "range", min: 0, max: Math.max(last, 0), step: 1, value: 0, disabled: alone,
        "aria-label": "Frame", oninput: () => { this.pause(); this.show(Number(this.range.value)); } });
      this.speeds = el("select", {
        "aria-label": "Speed", title: "Speed (+ and -)", disabled: alone,
        onchange: () => { this.speed = Number(this.speeds.value); } },
        ...SPEEDS.map((s) => el("option", { value: s, text: `${s}×`, selected: s === 1 })));
      const jump = (name, frames, key) => frames.length && el("button", {
        type: "button", text: name, title: `Next ${name} frame (${key})`,
        onclick: () => { this.pause(); this._nextOf(frames); } });
      return el("div", { class: "transport" },
        by("back", "One frame back", "←", -1), this.playButton, by("next", "One frame on", "→", 1),
        jump("ED", this.source.ed, "D"), jump("ES", this.source.es, "S"),
        this.range, this.speeds);
    }

    _layers() {
      const group = fresh("outline");
      this.radios = [];
      const choices = this._modes().map(([key, title]) => {
        const radio = el("input", {
          type: "radio", name: group, value: key, checked: key === this.mode,
          onchange: () => this.setMode(key) });
        this.radios.push(radio);
        const rank = this.source.layers.findIndex((layer) => layer.key === key);
        const sample = rank >= 0 && this.source.layers.length > 1 &&
          el("i", { class: rank ? "line dashed" : "line", "aria-hidden": "true" });
        const hint = key === "both" && "network in white";
        return el("label", { title: hint }, radio, el("span", {}, sample, title));
      });
      const boxes = this.source.structures.slice().reverse().map(({ key, title, color }) => {
        const box = el("input", {
          type: "checkbox", checked: true,
          onchange: () => {
            if (box.checked) this.hidden.delete(key); else this.hidden.add(key);
            this.draw();
          } });
        const swatch = el("i", { class: "swatch", "aria-hidden": "true" });
        swatch.style.background = color;
        return el("label", {}, box, swatch, title);
      });
      return el("div", { class: "choices" },
        el("fieldset", { class: "switch" }, el("legend", { text: "Contours" }), ...choices),
        el("fieldset", {}, el("legend", { text: "Structures" }), ...boxes));
    }

    _heat() {
      this.mapBox = el("input", {
        type: "checkbox", onchange: () => this.setMap(this.mapBox.checked) });
      this.slider = el("input", {
        type: "range", min: 0, max: 100, step: 5, value: 100 * this.opacity, disabled: true,
        "aria-label": "Opacity of the uncertainty map, percent",
        oninput: () => this.setMap(true, Number(this.slider.value) / 100) });
      const bar = el("span", { class: "bar", "aria-hidden": "true" });
      const stops = HEAT.map((c) => `rgb(${c.join(" ")})`).join(",");
      bar.style.background = `linear-gradient(to right, ${stops})`;
      return el("fieldset", { class: "heat" }, el("legend", { text: "Uncertainty" }),
        el("label", {}, this.mapBox, "show map"),
        el("label", { class: "opacity" }, "opacity", this.slider),
        el("span", { class: "scale" }, "0", bar, "1", el("span", { class: "hint", text: "probability that the label is wrong" })));
    }
  }

  /* ---- curves that follow ------------------------------------------------------------- */

  function ticks(low, high, wanted) {
    const raw = (high - low) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const steps = [0.5, 1, 2, 5, 10].map((k) => k * power);
    let rank = steps.findIndex((s) => s >= raw * 0.999);
    const multiples = (step) => {
      const found = [];
      for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) found.push(k * step);
      return found;
    };
    let found = multiples(steps[rank]);
    while (found.length < 2 && rank > 0) found = multiples(steps[rank -= 1]);
    const step = steps[rank];
    return { at: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  }

  const known = (values) => (values || []).filter((v) => v !== null && v !== undefined);

  class Chart {
    /** One curve. series: {title, unit, written, network, zero, bound, corridor, range}.
     *  context: {count, times, ed, es, onSeek(frame), height}. */
    constructor(root, series, context) {
      Object.assign(this, { root, series, context, frame: null });
      this.value = el("span", { class: "now" });
      this.holder = el("div", { class: "plot" });
      root.classList.add("chart");
      root.append(el("p", { class: "title" }, el("span", {
        text: series.title + (series.unit ? ` (${series.unit})` : "") }), this.value), this.holder);
      this.observer = new ResizeObserver(() => this.render());
      this.observer.observe(this.holder);
    }

    destroy() { this.observer.disconnect(); this.root.replaceChildren(); }

    x(frame) {
      const { times, count } = this.context;
      const value = times ? times[frame] : frame;
      const end = times ? times[count - 1] : count - 1;
      return this.left + (end ? value / end : 0.5) * (this.width - this.left - this.right);
    }

    y(value) {
      const [low, high] = this.span;
      return this.top + (1 - (value - low) / (high - low || 1)) * (this.height - this.top - this.bottom);
    }

    frameAt(x) {
      let best = 0;
      for (let f = 1; f < this.context.count; f += 1) {
        if (Math.abs(this.x(f) - x) < Math.abs(this.x(best) - x)) best = f;
      }
      return best;
    }

    setFrame(frame) {
      this.frame = frame;
      const { written, network, unit } = this.series;
      const u = unit && unit !== "°" ? ` ${unit}` : unit || "";
      const now = `${number(written[frame])}${u}`;
      const raw = network ? ` · network ${number(network[frame])}${u}` : "";
      this.value.textContent = now + raw;
      if (!this.cursor) return;
      const x = this.x(frame);
      this.cursor.setAttribute("x1", x);
      this.cursor.setAttribute("x2", x);
      const value = written[frame];
      this.dot.setAttribute("visibility", value === null ? "hidden" : "visible");
      if (value !== null) {
        this.dot.setAttribute("cx", x);
        this.dot.setAttribute("cy", this.y(value));
      }
    }

    /* Middle of the neighbours of each inner frame, and how far a frame may be from it. */
    _corridor() {
      const { written, corridor } = this.series;
      if (!corridor) return [];
      const points = [];
      for (let f = 1; f + 1 < written.length; f += 1) {
        const [a, b] = [written[f - 1], written[f + 1]];
        if (a !== null && b !== null) points.push([f, (a + b) / 2 - corridor, (a + b) / 2 + corridor]);
      }
      return points;
    }

    _span() {
      const { written, network, zero, bound } = this.series;
      const values = [...known(written), ...known(network)];
      for (const [, low, high] of this._corridor()) values.push(low, high);
      if (zero) values.push(0);
      if (bound) values.push(1.25 * bound);
      if (!values.length) return [0, 1];
      let [low, high] = [Math.min(...values), Math.max(...values)];
      const room = (high - low || Math.abs(high) || 1) * 0.08;
      if (!(zero && low === 0)) low -= room;
      return [low, high + room];
    }

    render() {
      const width = this.holder.clientWidth;
      if (!width) return;
      const { context, series } = this;
      Object.assign(this, {
        width, height: context.height || 96, left: 40, right: 10, top: 14, bottom: 18,
        span: this._span() });
      const picture = svg("svg", {
        width, height: this.height, viewBox: `0 0 ${width} ${this.height}`, role: "img",
        "aria-label": this._words() });
      picture.append(...this._grid(), ...this._bands(), ...this._phases());
      if (series.network) picture.append(this._line(series.network, "network"));
      picture.append(this._line(series.written, "written"));
      this.cursor = svg("line", { class: "cursor", y1: this.top - 4, y2: this.height - this.bottom });
      this.dot = svg("circle", { class: "dot", r: 3.5 });
      picture.append(this.cursor, this.dot);
      const seek = (event) => {
        const box = picture.getBoundingClientRect();
        if (context.onSeek) context.onSeek(this.frameAt(event.clientX - box.left));
      };
      picture.addEventListener("pointerdown", (event) => {
        picture.setPointerCapture(event.pointerId);
        seek(event);
      });
      picture.addEventListener("pointermove", (event) => { if (event.buttons & 1) seek(event); });
      this.holder.replaceChildren(picture);
      if (this.frame !== null) this.setFrame(this.frame);
    }

    _words() {
      const values = known(this.series.written);
      const { title, unit } = this.series;
      if (!values.length) return `${title}: no value`;
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return `${title}: ${number(low)} to ${number(high)} ${unit || ""}`;
    }

    _grid() {
      const parts = [];
      const { at, digits } = ticks(...this.span, 2.4);
      for (const value of at) {
        const y = this.y(value);
        parts.push(svg("line", { class: "grid", x1: this.left, x2: this.width - this.right, y1: y, y2: y }),
          svg("text", { class: "tick", x: this.left - 5, y: y + 3.5, "text-anchor": "end",
            text: number(value, digits) }));
      }
      const { times, count } = this.context;
      const end = times ? times[count - 1] : count - 1;
      const across = ticks(0, end || 1, Math.max(2, this.width / 110));
      for (const value of across.at) {
        if (!times && value % 1) continue;
        const x = this.left + (value / (end || 1)) * (this.width - this.left - this.right);
        parts.push(svg("text", { class: "tick", x, y: this.height - 4, "text-anchor": "middle",
          text: value.toFixed(across.digits) + (times ? " s" : "") }));
      }
      return parts;
    }

    _bands() {
      const { range, bound } = this.series;
      const parts = [];
      if (range) {
        const [low, high] = this.span;
        const top = this.y(Math.min(high, range[1]));
        const bottom = this.y(Math.max(low, range[0]));
        if (bottom > top) {
          parts.push(svg("rect", { class: "range", x: this.left, y: top,
            width: this.width - this.left - this.right, height: bottom - top }));
        }
      }
      const corridor = this._corridor();
      if (corridor.length) {
        const upper = corridor.map(([f, , high]) => `${this.x(f)},${this.y(high)}`);
        const lower = corridor.map(([f, low]) => `${this.x(f)},${this.y(low)}`).reverse();
        parts.push(svg("polygon", { class: "corridor", points: [...upper, ...lower].join(" ") }));
      }
      if (bound) {
        parts.push(svg("line", { class: "bound", x1: this.left, x2: this.width - this.right,
          y1: this.y(bound), y2: this.y(bound) }));
      }
      return parts;
    }

    _phases() {
      const parts = [];
      for (const [name, frames] of [["ED", this.context.ed], ["ES", this.context.es]]) {
        for (const frame of frames) {
          const x = this.x(frame);
          parts.push(svg("line", { class: `phase ${name}`, x1: x, x2: x, y1: this.top,
            y2: this.height - this.bottom }),
            svg("text", { class: "mark", x, y: 10, "text-anchor": "middle", text: name }));
        }
      }
      return parts;
    }

    _line(values, name) {
      let path = "";
      let open = false;
      values.forEach((value, frame) => {
        if (value === null) { open = false; return; }
        path += `${open ? "L" : "M"}${this.x(frame).toFixed(1)} ${this.y(value).toFixed(1)}`;
        open = true;
      });
      return svg("path", { class: `curve ${name}`, d: path });
    }
  }

  return { Player, Chart, sourceOf, el, svg, icon, number, heat, ticks, traced };
})();
