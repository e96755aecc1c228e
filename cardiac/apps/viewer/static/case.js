/* One case: cine, sliders, certificate and indices as they become, decision. */
"use strict";

(() => {
  const { el, number } = Cardiac;
  const { ask, unpacked } = Viewer;

  const KEYS = [
    ["Space", "play, pause"], ["← →", "a frame back or on (with Shift: ten)"],
    ["Home, End", "first or last frame"], ["D, S", "next end-diastole, next end-systole"],
    ["C", "contours: now, run, network, both, none"], ["U", "uncertainty map"], ["+ −", "speed"],
    ["1 to 7", "go to a slider; arrow keys move it"], ["Z", "undo"], ["Y", "redo"],
    ["A", "accept (or save the edit)"], ["X", "reject: go to the note"],
    ["N, P", "next case, previous case"], ["?", "this help; Esc closes it"],
  ];
  const VERDICTS = [
    ["ef", "EF", "%"], ["edv", "EDV", "mL"], ["esv", "ESV", "mL"], ["fac", "FAC", "%"]];

  /* A chart that names the masks of the run what they are here. */
  class Curve extends Cardiac.Chart {
    setFrame(frame) {
      super.setFrame(frame);
      this.value.textContent = this.value.textContent.replace(" · network ", " · run ");
    }

    update(series, context) {
      Object.assign(this.series, series);
      Object.assign(this.context, context);
      this.render();
    }
  }

  /* Asked for at once: the page itself comes together meanwhile. */
  const ID = new URLSearchParams(location.search).get("id") || "";
  const OPENING = ask(`/api/edit?case=${encodeURIComponent(ID)}`);
  OPENING.catch(() => null);

  class CasePage {
    constructor(root) {
      this.root = root;
      this.id = ID;
      this.charts = new Map();
      this.sliders = [];
      this.queue = Promise.resolve();
      this.serial = 0;
      this._skeleton();
    }

    async open() {
      try {
        this.head = await OPENING;
      } catch (error) {
        this.say(error.message, true);
        return;
      }
      this.base = `/api/edit/${this.head.key}`;
      this._title();
      const layers = [{ key: "now", title: "now" }, { key: "run", title: "run" }];
      if (this.head.network) layers.push({ key: "network", title: "network" });
      this.source = Viewer.sourceOf(this.head, this.base, layers);
      const { lines } = this.source;
      /* Both are now and run; a third outline would be one too many. */
      this.source.lines = (key, i) =>
        key === "network" && this.player.mode === "both" ? {} : lines(key, i);
      this.player = new Cardiac.Player(this.parts.player, this.source, {
        onFrame: (frame) => this._onFrame(frame) });
      this._greet();
      document.addEventListener("keydown", (event) => this._key(event));
      await this.source.image(this.player.at).catch(() => null);
      await this.reload();
      Viewer.prefetch(this.source, this.player.at);
    }

    /** Outlines, state and history of the masks that hold now. */
    async reload() {
      try {
        const [lines, state, history] = await Promise.all([
          ask(`${this.base}/lines`), ask(`${this.base}/state`), ask(`${this.base}/history`)]);
        this.source.all.now = lines.now.map(unpacked);
        this.source.all.run = lines.run.map((one) => one && unpacked(one));
        if (lines.network) this.source.all.network = lines.network.map((one) => one && unpacked(one));
        this._state(state);
        this._history(history);
        this._loadSliders(this.player.frame);
      } catch (error) { this.say(error.message, true); }
    }

    /* What a person has to know before anything else. */
    _greet() {
      const { problem, restored } = this.head;
      const open = restored && `Edits that were left open on ${new Date(restored).toLocaleString()}`
        + " are here again. Save them with Accept, or take them back with Reset all.";
      this.say([problem, open].filter(Boolean).join(" "), Boolean(problem));
    }

    say(text, bad) {
      this.parts.message.textContent = text;
      this.parts.message.classList.toggle("bad", Boolean(bad));
      this.parts.message.hidden = !text;
    }

    /* -- what is where -- */

    _skeleton() {
      const part = (name, tag, attributes, ...children) => {
        const node = el(tag, attributes, ...children);
        this.parts[name] = node;
        return node;
      };
      this.parts = {};
      const card = (title, ...children) => el("section", { class: "card" },
        el("h2", { text: title }), ...children);
      this.root.append(
        el("div", { class: "head" },
          part("title", "h1", { text: this.id }), part("facts", "p", { class: "facts" }),
          el("p", { class: "ways" }, part("previous", "a", { text: "← previous", hidden: true }),
            part("next", "a", { text: "next →", hidden: true }),
            el("button", { type: "button", class: "quiet", text: "Keys (?)",
              onclick: () => this.parts.help.showModal() }))),
        part("message", "p", { class: "message", role: "status", "aria-live": "polite",
          hidden: true }),
        el("div", { class: "open" },
          el("div", { class: "left" }, part("player", "div", { class: "card" }),
            part("curves", "section", { class: "curves", "aria-label": "Curves over time" })),
          el("div", { class: "right" },
            card("Now", part("verdict", "div", { class: "verdict" })),
            card("Edit the frame", part("sliders", "div", { class: "sliders" }), this._tools()),
            card("Decide", ...this._decision(part)))),
        el("div", { class: "tables" },
          card("Certificate", part("certificate", "div", { class: "scroll" })),
          card("Indices", part("indices", "div", { class: "scroll" }))),
        card("History", part("history", "ol", { class: "history" })),
        part("help", "dialog", { class: "help", "aria-label": "Keys" },
          el("h2", { text: "Keys" }),
          el("table", {}, ...KEYS.map(([key, does]) => el("tr", {},
            el("th", { scope: "row" }, el("kbd", { text: key })), el("td", { text: does })))),
          el("form", { method: "dialog" }, el("button", { text: "Close" }))));
    }

    _tools() {
      const tool = (name, text, title) => {
        this.parts[name] = el("button", {
          type: "button", text, title, disabled: true, onclick: () => this._change(name) });
        return this.parts[name];
      };
      this.parts.alone = el("input", { type: "checkbox" });
      return el("div", { class: "tools" },
        el("label", { class: "alone" }, this.parts.alone, "this frame only"),
        tool("undo", "Undo", "Z"), tool("redo", "Redo", "Y"),
        tool("restore", "Reset frame", "Take back what was set on this frame"),
        tool("clear", "Reset all", "Take back everything; can be undone"));
    }

    _decision(part) {
      const button = (name, text, title, decision) => part(name, "button", {
        type: "button", text, title, class: name, disabled: true,
        onclick: () => this._decide(decision) });
      return [
        el("label", { class: "field" }, "Note",
          part("note", "textarea", { rows: 2, maxlength: 4000 })),
        el("label", { class: "field" }, "Reviewer",
          part("who", "input", { type: "text", maxlength: 200, autocomplete: "name",
            placeholder: "name of the account" })),
        el("div", { class: "tools" },
          button("accept", "Accept", "A", "accept"), button("reject", "Reject", "X", "reject"),
          button("withdraw", "Undecided", "Withdraw the decision; the run's masks hold again",
            "withdraw"))];
    }

    _title() {
      document.title = `${this.head.id} · cardiac`;
      const { row, neighbours } = this.head;
      const facts = [row.patient && `patient ${row.patient}`, `view ${row.view}`,
        `${row.n_frames} frames`, row.triage && `triage: ${row.triage}`,
        row.triage_reasons].filter(Boolean);
      this.parts.facts.textContent = facts.join(" · ");
      for (const name of ["previous", "next"]) {
        if (!neighbours[name]) continue;
        this.parts[name].hidden = false;
        this.parts[name].href = `/case?id=${encodeURIComponent(neighbours[name])}`;
      }
      this.parts.who.value = localStorage.getItem("cardiac-reviewer") || "";
    }

    /* -- frames and sliders -- */

    _onFrame(frame) {
      for (const chart of this.charts.values()) chart.setFrame(frame);
      if (this.player && this.player.playing) return;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this._loadSliders(frame), 60);
    }

    async _loadSliders(frame) {
      if (!this.now) return;
      try {
        const found = await ask(`${this.base}/sliders/${frame}`);
        if (frame === this.player.frame) this._sliders(frame, found);
      } catch (error) { this.say(error.message, true); }
    }

    _sliders(frame, found) {
      const names = found.map((one) => one.name).join();
      const same = names && names === this.names;
      if (!same) {
        this.sliders = found.map((one) => this._slider(one));
        this.parts.hint = el("p", { class: "hint" });
        this.parts.sliders.replaceChildren(
          this.parts.hint, ...this.sliders.map((slider) => slider.node));
      }
      /* The same sliders for another frame stay where they are, and so does the focus. */
      found.forEach((one, k) => {
        const slider = this.sliders[k];
        if (same && slider.touched && slider.frame === frame) return;
        Object.assign(slider, one, { frame, was: one.original, touched: false });
        const { input } = slider;
        [input.min, input.max, input.step] = [one.low, one.high, one.step];
        this._value(slider, one.value);
      });
      this.names = names;
      this.parts.hint.textContent = found.length
        ? `Frame ${frame}. Neighbours follow smoothly, within the temporal bounds.`
        : `In frame ${frame} no heart can be made out.`;
      this.parts.restore.disabled = !this.now.keys.includes(frame);
    }

    _slider(one) {
      const slider = { touched: false };
      const id = `slider-${one.name}`;
      slider.input = el("input", {
        type: "range", id,
        oninput: () => { slider.touched = true; this._value(slider, Number(slider.input.value));
          this._preview(slider); },
        onchange: () => this._commit(slider) });
      slider.output = el("output", { for: id });
      slider.node = el("div", { class: "slider" },
        el("label", { for: id, text: one.title }), slider.output, slider.input);
      return slider;
    }

    _value(slider, value) {
      slider.input.value = value;
      const digits = slider.step < 0.1 ? 2 : slider.step < 1 ? 1 : 0;
      const delta = value - slider.was;
      const off = Math.abs(delta) >= 0.75 * slider.step
        ? ` (${delta > 0 ? "+" : "−"}${Math.abs(delta).toFixed(digits)})` : "";
      slider.output.textContent = `${value.toFixed(digits)} ${slider.unit}${off}`;
      slider.input.setAttribute("aria-valuetext", slider.output.textContent);
    }

    _wanted(slider) { return { [slider.name]: Number(slider.input.value) / slider.factor }; }

    /* While a slider moves: the last place counts, those in between may be passed over. */
    async _preview(slider) {
      this.player.pause();
      this.asked = slider;
      if (this.busy) return;
      this.busy = true;
      while (this.asked) {
        const moved = this.asked;
        this.asked = null;
        const serial = this.serial;
        const started = performance.now();
        try {
          const found = await ask(`${this.base}/preview`, {
            frame: moved.frame, wanted: this._wanted(moved), alone: this.parts.alone.checked });
          if (serial !== this.serial) continue;  /* it was settled meanwhile */
          this._lines(found.lines);
          await this.player.refresh();
          this._verdict(found, true);
          this._predicted(found.values);
          this.root.dataset.drag = (performance.now() - started).toFixed(1);
        } catch (error) { this.say(error.message, true); }
      }
      this.busy = false;
    }

    /* A key that is held down, or pressed again, is one edit. */
    _commit(slider) {
      if (this.pending && this.pending.slider !== slider) this._flush();
      clearTimeout(this.settling);
      this.pending = { slider, told: { frame: slider.frame, wanted: this._wanted(slider),
        alone: this.parts.alone.checked } };
      this.settling = setTimeout(() => this._flush(), 200);
    }

    /* What was let go of but not settled yet is settled now. */
    _flush() {
      clearTimeout(this.settling);
      const { pending } = this;
      this.pending = null;
      return pending ? this._send("set", pending.told) : this.queue;
    }

    /* -- changes -- */

    _change(action) {
      this._flush();
      return this._send(action, { frame: this.player.frame });
    }

    _send(action, body) {
      this.serial += 1;
      this.asked = null;
      this.queue = this.queue.then(async () => {
        try {
          const state = await ask(`${this.base}/change/${action}`, body);
          this._lines(state.lines);
          for (const slider of this.sliders) slider.touched = false;
          this._state(state);
          this.say("");
          await this._loadSliders(this.player.frame);
        } catch (error) {
          this.say(error.message, true);
          await this.reload();
        }
      });
      return this.queue;
    }

    _lines(lines) {
      const { now, run } = this.source.all;
      for (const [frame, packed] of Object.entries(lines)) {
        /* What the run had stays to be compared with. */
        if (!run[frame]) run[frame] = now[frame];
        now[frame] = unpacked(packed);
      }
    }

    _state(state) {
      this.now = state;
      Object.assign(this.source, { ed: state.ed, es: state.es });
      this._verdict(state, false);
      this._certificate(state.certificate);
      this._indices(state.indices);
      this._curves(state);
      this.parts.undo.disabled = !state.canUndo;
      this.parts.redo.disabled = !state.canRedo;
      this.parts.clear.disabled = !state.keys.length;
      this.parts.restore.disabled = !state.keys.includes(this.player.frame);
      for (const name of ["accept", "reject", "withdraw"]) this.parts[name].disabled = false;
      /* Nobody can accept what they cannot see. */
      this.parts.accept.disabled = this.head.blank;
      if (this.head.blank) {
        this.parts.accept.title = "Not without the picture: name its folder with --source";
      }
      this.parts.accept.textContent = state.changed.length ? "Save edit and accept" : "Accept";
      this.root.dataset.changed = state.changed.length;
      this.player.refresh();
    }

    _verdict(now, live) {
      const { run } = this.now;
      const rows = VERDICTS.filter(([key]) => now[key] !== null || run[key] !== null);
      this.parts.verdict.replaceChildren(
        el("dl", { class: live ? "live" : "" }, ...rows.flatMap(([key, title, unit]) => {
          const digits = 0;
          const same = now[key] === run[key];
          return [el("div", {}, el("dt", { text: title }),
            el("dd", { class: key, "data-value": now[key] },
              el("b", { text: number(now[key], digits) }), ` ${unit}`,
              !same && el("small", { text: `run ${number(run[key], digits)}` })))];
        })),
        el("p", { class: `seal ${now.certified ? "yes" : "no"}` },
          el("b", { text: now.certified ? "✓ certified" : "✗ not certified" }),
          now.reason && el("span", { text: `: ${now.reason}` }),
          live && el("span", { class: "hint", text: " (as far as can be told while you drag)" })),
        el("p", { class: "hint", text: this.now && this.now.changed.length && !live
          ? `${this.now.changed.length} frames differ: ${spans(this.now.changed)}. ` +
            "The uncertainty map is that of the run's masks." : "" }));
    }

    /* -- curves and tables -- */

    _curves(state) {
      const { times, count } = this.source;
      const context = {
        times, count, ed: state.ed, es: state.es, height: 104,
        onSeek: (frame) => { this.player.pause(); this.player.show(frame); } };
      for (const series of state.curves) {
        const known = this.charts.get(series.key);
        if (known) { known.update(series, context); continue; }
        const root = el("div", { class: "card", "data-curve": series.key });
        this.parts.curves.append(root);
        const chart = new Curve(root, series, context);
        this.charts.set(series.key, chart);
        chart.setFrame(this.player.frame);
      }
      this.factors = Object.fromEntries(this.sliders.map((one) => [one.name, one.factor]));
    }

    _predicted(values) {
      for (const slider of this.sliders) {
        const chart = this.charts.get(slider.name);
        if (!chart) continue;
        const scaled = values[slider.name].map((v) => (v === null ? null : v * slider.factor));
        chart.update({ written: scaled }, {});
      }
    }

    _certificate(told) {
      const cell = (one) => one && el("td", { class: one.bad.length ? "bad" : "" },
        one.worst === null ? "–" : String(one.worst),
        one.bad.length > 0 && el("span", { text: ` ✗ frames ${spans(one.bad)}` }));
      this.parts.certificate.replaceChildren(
        el("table", {},
          el("thead", {}, el("tr", {}, ...["Criterion", "Bound", "Run, worst", "Now, worst"].map(
            (text) => el("th", { scope: "col", text })))),
          el("tbody", {}, ...told.rows.map((row) => el("tr", {},
            el("th", { scope: "row", text: (row.kind === "time" ? "Over time: " : "") + row.title }),
            el("td", { text: row.bound }), cell(row.before), cell(row.after))))),
        el("p", { class: "hint", text: [`Profile ${told.profile}.`, ...told.notes].join(" ") }));
    }

    _indices(told) {
      const show = (row, value) => value === null ? "–"
        : `${value.toFixed(row.digits)}${row.unit ? ` ${row.unit}` : ""}`;
      this.parts.indices.replaceChildren(
        el("table", {},
          el("thead", {}, el("tr", {}, ...["Index", "Run", "Now"].map(
            (text) => el("th", { scope: "col", text })))),
          el("tbody", {}, ...told.rows.map((row) => el("tr", {},
            el("th", { scope: "row", text: row.title }), el("td", { text: show(row, row.run) }),
            el("td", { class: row.value === row.run ? "" : "changed" }, show(row, row.value),
              row.low !== null && row.low !== undefined && el("small", {
                text: ` ${row.low.toFixed(row.digits)} to ${row.high.toFixed(row.digits)}` }),
              row.value === null && el("small", { text: ` ${row.reason}` })))))),
        el("p", { class: "hint", text: [`Discs, convention ${told.convention};`,
          `${told.beats} beat${told.beats === 1 ? "" : "s"}.`, ...told.warnings].join(" ") }));
    }

    /* -- decisions -- */

    async _decide(decision) {
      const note = this.parts.note.value.trim();
      if (decision === "reject" && !note) {
        this.say("Say why in the note, then reject.", true);
        this.parts.note.focus();
        return;
      }
      await this._flush();
      const saves = decision === "accept" && this.now.changed.length > 0;
      let uncertified = false;
      if (saves && !this.now.certified) {
        uncertified = window.confirm(
          `These masks are not certified: ${this.now.reason}.\n\nSave them all the same?`);
        if (!uncertified) return;
      }
      localStorage.setItem("cardiac-reviewer", this.parts.who.value.trim());
      try {
        const told = await ask(`${this.base}/decide`, {
          decision, note, who: this.parts.who.value, uncertified });
        this.parts.note.value = "";
        this.names = null;
        await this.reload();
        this.say({ accept: "Accepted.", edit: "Edit saved and accepted.", reject: "Rejected.",
          withdraw: "Undecided again; the masks of the run hold." }[told.decision]);
      } catch (error) { this.say(error.message, true); }
    }

    _history(entries) {
      const rows = entries.slice().reverse().map((entry) => el("li", {},
        el("b", { text: entry.reads }), ` by ${entry.who}, `,
        el("time", { datetime: entry.when, text: new Date(entry.when).toLocaleString() }),
        entry.frames > 0 && ` · ${entry.frames} frames`, entry.mask && ` · ${entry.mask}`,
        entry.note && el("q", { text: entry.note })));
      this.parts.history.replaceChildren(...(rows.length ? rows
        : [el("li", { class: "hint", text: "Nobody has decided yet." })]));
    }

    /* -- keys -- */

    _key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || this.parts.help.open) return;
      if (Viewer.typing(event.target)) return;
      const steers = /^(Arrow|Home|End|Page)/.test(event.key);
      if (steers && event.target.type === "range") return;
      if (event.key === " " && event.target.matches("button, a, input:not([type=range])")) return;
      const go = (name) => () => { if (!this.parts[name].hidden) this.parts[name].click(); };
      const press = (name) => () => { if (!this.parts[name].disabled) this.parts[name].click(); };
      const does = {
        z: press("undo"), y: press("redo"), a: press("accept"), n: go("next"), p: go("previous"),
        x: () => { this.parts.note.focus(); this.say("Say why in the note, then reject."); },
        "?": () => this.parts.help.showModal(),
      }[event.key.toLowerCase()];
      const place = /^[1-7]$/.test(event.key) && this.sliders[Number(event.key) - 1];
      if (place) place.input.focus();
      else if (does) does();
      else if (!this.player.handleKey(event)) return;
      event.preventDefault();
    }
  }

  /** 3, 4, 5, 9 as "3–5, 9". */
  function spans(frames) {
    const parts = [];
    frames.forEach((frame, k) => {
      if (k && frames[k - 1] === frame - 1) parts[parts.length - 1][1] = frame;
      else parts.push([frame, frame]);
    });
    const shown = parts.slice(0, 8).map(([a, b]) => (a === b ? a : `${a}–${b}`)).join(", ");
    return parts.length > 8 ? `${shown} …` : shown;
  }

  const start = () => {
    const root = document.getElementById("case");
    if (!root) { setTimeout(start, 10); return; }
    new CasePage(root).open();
  };
  start();
})();
