/* Where the hearts of the run lie: click one to see it, the experts' nearest, and what is on the way. */
"use strict";

(() => {
  const { el, svg, heat, ticks } = Cardiac;
  const { ask, drawing, COLORS } = Viewer;

  const VIEWS = { A4C: "#0072b2", A2C: "#d55e00", A3C: "#009e73", unknown: "#6b7280" };
  const BY = [["ef", "EF (%)"], ["view", "view"], ["uncertainty", "uncertainty"]];
  const css = (c) => `rgb(${c.join(" ")})`;

  class AtlasPage {
    constructor(root) {
      this.root = root;
      this.by = "ef";
      this.phase = "ED";
      this.chosen = null;
      this._skeleton();
    }

    async open() {
      try {
        this.data = await ask("/api/atlas");
      } catch (error) { this.parts.note.textContent = error.message; return; }
      if (!this.parts.dimension.childElementCount) {
        this.parts.dimension.append(...this.data.attributes.map(({ key, title }) =>
          el("option", { value: key, text: title })));
        this._traverse();
      }
      this._draw();
      const { done, total, explained } = this.data;
      const share = explained.map((e) => `${Math.round(100 * e)} %`).join(" and ");
      this.parts.note.textContent = done < total
        ? `${done} of ${total} cases so far` : `${total} cases; the axes hold ${share} of the ` +
          "variance of the experts' codes";
      if (done < total) setTimeout(() => this.open(), done < 20 ? 500 : 2000);
    }

    _skeleton() {
      this.parts = {};
      const part = (name, node) => { this.parts[name] = node; return node; };
      const choose = (label, name, options, then) => el("label", { class: "field" }, label,
        part(name, el("select", { onchange: then }, ...options.map(([value, text]) =>
          el("option", { value, text })))));
      this.root.append(
        el("h1", { text: "Shape atlas" }),
        el("p", { class: "facts", text: "Every heart of the run as a point in the latent space of " +
          "shapes, seen along the two directions in which the experts' hearts differ most. " +
          "Small grey points are the experts'." }),
        el("div", { class: "open" },
          el("div", { class: "left" },
            el("section", { class: "card" },
              el("div", { class: "filters" },
                choose("Colour by", "by", BY, () => { this.by = this.parts.by.value; this._draw(); }),
                choose("Phase", "phase", [["ED", "end-diastole"], ["ES", "end-systole"],
                  ["both", "both"]], () => { this.phase = this.parts.phase.value; this._draw(); })),
              part("plot", el("div", { class: "scatter" })),
              part("legend", el("p", { class: "legend" })),
              part("note", el("p", { class: "hint", role: "status" }))),
            el("section", { class: "card" },
              el("h2", { text: "Along one attribute" }),
              choose("Attribute", "dimension", [], () => this._traverse()),
              part("sheet", el("div", { class: "sheet" })))),
          el("section", { class: "card right" },
            part("chosen", el("h2", { text: "Choose a point" })),
            part("message", el("p", { class: "message bad", hidden: true })),
            part("player", el("div", {})),
            part("near", el("div", { class: "near" })))));
    }

    _points() {
      return this.data.points.filter((p) => this.phase === "both" || p.phase === this.phase);
    }

    _color(point, [low, high]) {
      if (this.by === "view") return VIEWS[point.view] || VIEWS.unknown;
      const value = point[this.by];
      if (value === null) return "none";
      /* Without the palest end, which would not show on white. */
      return css(heat(0.85 * (high > low ? (value - low) / (high - low) : 0.5)));
    }

    /* The plane is as wide as the experts' hearts spread, or wider where one of ours is beyond. */
    _extent(points) {
      const all = [...this.data.experts, ...points.map((p) => [p.x, p.y])];
      return [0, 1].flatMap((k) => {
        const values = all.map((p) => p[k]);
        return [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values))];
      });
    }

    _draw() {
      const points = this._points();
      const range = this.data.ranges[this.by] || [0, 1];
      const extent = this._extent(points);
      const sameAs = [this.by, this.phase, ...extent].join();
      if (this.marks && sameAs === this.drawn) {
        /* More of the same: what is there stays, and with it the focus. */
        for (const p of points) {
          const key = `${p.id} ${p.phase}`;
          if (!this.marks.has(key)) this._put(p, range, extent);
        }
        return;
      }
      this.drawn = sameAs;
      const focus = document.activeElement && document.activeElement.dataset.key;
      const [w, h, m] = this._size();
      const { x, y } = this._scales(extent);
      const [x0, x1, y0, y1] = extent;
      const parts = [];
      for (const v of ticks(x0, x1, 6).at) {
        parts.push(svg("text", { class: "tick", x: x(v), y: h - 24, "text-anchor": "middle", text: v }));
      }
      for (const v of ticks(y0, y1, 5).at) {
        parts.push(svg("text", { class: "tick", x: m - 10, y: y(v) + 4, "text-anchor": "end", text: v }));
      }
      parts.push(svg("text", { class: "tick", x: w / 2, y: h - 5, "text-anchor": "middle",
        text: "first principal component (SD)" }), svg("text", { class: "tick", x: -h / 2, y: 12,
        "text-anchor": "middle", transform: "rotate(-90)", text: "second principal component (SD)" }));
      for (const [a, b] of this.data.experts) {
        parts.push(svg("circle", { class: "expert", cx: x(a).toFixed(1), cy: y(b).toFixed(1), r: 1.8 }));
      }
      this.picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, role: "group",
        "aria-label": "hearts; arrow keys go from one to the next" }, ...parts);
      this.marks = new Map();
      points.forEach((p) => this._put(p, range, extent));
      this.parts.plot.replaceChildren(this.picture);
      this._legend(range, Boolean(this.data.ranges[this.by]));
      this._select();
      if (focus && this.marks.has(focus)) this.marks.get(focus).focus();
    }

    _size() {
      this.width = this.width || Math.min(760, Math.max(330, this.parts.plot.clientWidth || 640));
      return [this.width, Math.round(0.72 * this.width), 44];
    }

    _scales([x0, x1, y0, y1]) {
      const [w, h, m] = this._size();
      return {
        x: (v) => m + ((v - x0) / (x1 - x0 || 1)) * (w - m - 12),
        y: (v) => h - m - ((v - y0) / (y1 - y0 || 1)) * (h - m - 12) };
    }

    _put(p, range, extent) {
      const { x, y } = this._scales(extent);
      const mark = this._mark(p, x(p.x), y(p.y), this._color(p, range));
      mark.setAttribute("tabindex", this.marks.size ? "-1" : "0");
      this.marks.set(`${p.id} ${p.phase}`, mark);
      this.picture.append(mark);
    }

    _select() {
      if (!this.chosen || !this.marks) return;
      const key = `${this.chosen.id} ${this.chosen.phase}`;
      for (const [name, mark] of this.marks) {
        mark.classList.toggle("on", name === key);
        mark.setAttribute("aria-pressed", String(name === key));
      }
    }

    _mark(p, x, y, color) {
      const told = `${p.id}, ${p.phase}, view ${p.view}` +
        (p.ef === null ? "" : `, EF ${p.ef.toFixed(0)} %`) +
        (p.uncertainty === null ? "" : `, uncertainty ${p.uncertainty.toFixed(2)}`);
      const common = { class: "point", fill: color, tabindex: "-1", role: "button",
        "aria-label": told, "data-id": p.id, "data-key": `${p.id} ${p.phase}`,
        onclick: () => this._choose(p), onkeydown: (event) => this._key(event, p) };
      const mark = p.phase === "ED"
        ? svg("circle", { ...common, cx: x, cy: y, r: 5.5 })
        : svg("rect", { ...common, x: x - 5, y: y - 5, width: 10, height: 10 });
      mark.append(svg("title", { text: told }));
      return mark;
    }

    _key(event, p) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this._choose(p); }
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const marks = [...this.parts.plot.querySelectorAll(".point")];
      const at = marks.indexOf(event.currentTarget);
      const next = marks[(at + by + marks.length) % marks.length];
      event.currentTarget.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }

    _legend([low, high], some) {
      const digits = this.by === "ef" ? 0 : 2;
      const parts = [];
      if (this.by === "view") {
        for (const [view, color] of Object.entries(VIEWS)) {
          const swatch = el("i", { class: "swatch" });
          swatch.style.background = color;
          parts.push(el("span", {}, swatch, view));
        }
      } else if (some) {
        const bar = el("span", { class: "bar" });
        const stops = Array.from({ length: 9 }, (_, k) => css(heat(0.85 * (k / 8))));
        bar.style.background = `linear-gradient(to right, ${stops.join(",")})`;
        parts.push(el("span", {}, low.toFixed(digits), bar, high.toFixed(digits)));
      }
      parts.push(el("span", { text: "● end-diastole" }), el("span", { text: "■ end-systole" }));
      this.parts.legend.replaceChildren(...parts);
    }

    async _choose(p) {
      this.chosen = p;
      this._select();
      const link = el("a", { href: `/case?id=${encodeURIComponent(p.id)}`, text: p.id });
      this.parts.chosen.replaceChildren(link, ` · ${p.phase}`);
      this.parts.message.hidden = true;
      if (this.player) { this.player.destroy(); this.player = null; }
      this.parts.near.replaceChildren();
      try {
        const [head, near] = await Promise.all([
          ask(`/api/look?case=${encodeURIComponent(p.id)}`),
          ask(`/api/atlas/near?case=${encodeURIComponent(p.id)}&phase=${p.phase}`)]);
        if (this.chosen !== p) return;
        await this._play(head, p.frame);
        this._near(near);
      } catch (error) {
        this.parts.message.textContent = error.message;
        this.parts.message.hidden = false;
      }
    }

    async _play(head, frame) {
      const base = `/api/look/${head.key}`;
      const source = Viewer.sourceOf(head, base, [{ key: "now", title: "shown" }]);
      this.player = new Cardiac.Player(this.parts.player, source);
      this.player.seek(frame);
      const lines = await ask(`${base}/lines`);
      source.all.now = lines.now.map(Viewer.unpacked);
      if (!this.player) return;
      this.player.refresh();
      Viewer.prefetch(source, frame);
    }

    _near(near) {
      this.parts.near.replaceChildren(
        el("h3", { text: "This heart and the experts' nearest" }),
        el("div", { class: "shapes" }, ...near.shapes.map((shape, k) => el("figure", {},
          drawing(shape, near.box, COLORS, k ? `expert's heart ${k}` : "this heart"),
          el("figcaption", { text: k ? `distance ${shape.distance}` : "this heart" })))));
    }

    async _traverse() {
      const sheet = await ask(`/api/atlas/traverse/${encodeURIComponent(this.parts.dimension.value)}`);
      this.parts.sheet.replaceChildren(
        el("div", { class: "shapes" }, ...sheet.shapes.map((shape) => el("figure", {},
          drawing(shape, sheet.box, COLORS, `${sheet.title} ${shape.value}`),
          el("figcaption", { text: `${shape.value} (${shape.sd > 0 ? "+" : ""}${shape.sd} SD)` +
            (shape.valid ? "" : " ✗ invalid") })))),
        el("p", { class: "hint", text: `${sheet.title} in ${sheet.unit}; the other attributes ` +
          "follow as they do in experts' hearts." }));
    }
  }

  const start = () => {
    const root = document.getElementById("atlas");
    if (!root) { setTimeout(start, 10); return; }
    new AtlasPage(root).open();
  };
  start();
})();
