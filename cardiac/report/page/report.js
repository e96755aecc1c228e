/* The pages of the report: the cohort's table and figures, and each case. */
"use strict";

(() => {
  const { el, svg, icon, number, ticks } = Cardiac;
  const island = JSON.parse(document.getElementById("island").textContent);
  const SYMBOLS = { accept: "●", review: "▲", reject: "■" };
  const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);
  const median = (values) => {
    const v = values.slice().sort((a, b) => a - b);
    return v.length ? (v[(v.length - 1) >> 1] + v[v.length >> 1]) / 2 : null;
  };
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 30));

  /* ---- the cohort's table -------------------------------------------------------------- */

  const RANK = { accept: 0, review: 1, reject: 2, failed: 3 };
  const KEYS = {
    id: (line) => line.id,
    certified: (line) => (line.status !== "ok" ? null : line.certified === null ? 2 : Number(!line.certified)),
    triage: (line) => RANK[line.status === "ok" ? line.triage : "failed"],
  };
  const COLLATOR = new Intl.Collator(undefined, { numeric: true });

  function compare(a, b, key, sign) {
    const take = KEYS[key] || ((line) => line[key]);
    const [x, y] = [take(a), take(b)];
    const lacks = (v) => v === null || v === undefined || v === "";
    if (lacks(x) || lacks(y)) return Number(lacks(x)) - Number(lacks(y));  /* missing: last */
    return sign * (typeof x === "string" ? COLLATOR.compare(x, y) : x - y);
  }

  function cohortTable(section) {
    const body = section.querySelector("tbody");
    const rows = [...body.rows];
    const lines = island.lines;
    const order = { key: null, sign: 1 };
    const form = section.querySelector("form");
    const fields = form.elements;
    const views = [...new Set(lines.map((line) => line.view))].sort();
    fields.view.append(el("option", { value: "", text: "all" }),
      ...views.map((view) => el("option", { value: view, text: view && view !== "unknown" ? view : "not given" })));
    const haystack = lines.map((line) =>
      [line.id, line.patient, line.reason, line.certificate, line.triage_reasons, line.source]
        .join(" ").toLowerCase());

    const wanted = (line, index) => {
      const text = fields.text.value.trim().toLowerCase();
      const triage = line.status === "ok" ? line.triage : "failed";
      return (!text || haystack[index].includes(text)) &&
        (!fields.view.value || line.view === fields.view.value) &&
        (!fields.certified.value || (line.status === "ok" && String(line.certified) === fields.certified.value)) &&
        (!fields.triage.value || triage === fields.triage.value);
    };
    const filter = () => {
      let shown = 0;
      for (const row of rows) {
        const index = Number(row.dataset.index);
        row.hidden = !wanted(lines[index], index);
        shown += !row.hidden;
      }
      fields.count.value = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    };
    const sort = (key) => {
      order.sign = order.key === key ? -order.sign : 1;
      order.key = key;
      rows.sort((a, b) => {
        const [i, j] = [Number(a.dataset.index), Number(b.dataset.index)];
        return compare(lines[i], lines[j], key, order.sign) || i - j;
      });
      body.append(...rows);
      for (const head of section.querySelectorAll("th[data-key]")) {
        const mine = head.dataset.key === key;
        if (mine) head.setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
      }
    };

    for (const head of section.querySelectorAll("th[data-key]")) {
      const button = el("button", { type: "button", onclick: () => sort(head.dataset.key) },
        head.textContent, el("span", { class: "arrow", "aria-hidden": "true" }));
      head.replaceChildren(button);
    }
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      const link = row && row.querySelector("a");
      if (link && !event.target.closest("a") && !String(getSelection())) link.click();
    });
    for (const row of rows) row.classList.toggle("opens", Boolean(row.querySelector("a")));
    filter();
  }

  /* ---- the cohort's figures ------------------------------------------------------------ */

  const WIDTH = 360;
  const HEIGHT = 190;
  const BOX = { left: 40, right: 12, top: 12, bottom: 36 };

  function figure(title, note, ...children) {
    return el("figure", { class: "panel" }, el("figcaption", {}, el("h2", { text: title }), el("p", { text: note })),
      ...children);
  }

  function axes(x, y, names) {
    const parts = [];
    const bottom = HEIGHT - BOX.bottom;
    for (const value of y.ticks.at) {
      parts.push(svg("line", { class: "grid", x1: BOX.left, x2: WIDTH - BOX.right, y1: y(value), y2: y(value) }),
        svg("text", { class: "tick", x: BOX.left - 5, y: y(value) + 3.5, "text-anchor": "end", text: number(value, y.ticks.digits) }));
    }
    for (const value of x.ticks.at) {
      parts.push(svg("text", { class: "tick", x: x(value), y: bottom + 14, "text-anchor": "middle", text: number(value, x.ticks.digits) }));
    }
    parts.push(
      svg("text", { class: "axis", x: (BOX.left + WIDTH - BOX.right) / 2, y: HEIGHT - 5, "text-anchor": "middle", text: names[0] }),
      svg("text", { class: "axis", x: -(BOX.top + bottom) / 2, y: 10, transform: "rotate(-90)", "text-anchor": "middle", text: names[1] }));
    return parts;
  }

  function scale(low, high, from, to, wanted) {
    const place = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
    place.ticks = ticks(low, high, wanted);
    return place;
  }

  function picture(label, ...children) {
    return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, ...children);
  }

  function histogram(title, values, unit, step, digits, most) {
    if (!values.length) return null;
    const low = Math.floor(Math.min(...values) / step) * step;
    const high = Math.min(most || Infinity, Math.max(low + 4 * step, (Math.floor(Math.max(...values) / step) + 1) * step));
    const bins = new Array(Math.round((high - low) / step)).fill(0);
    for (const value of values) bins[Math.min(bins.length - 1, Math.floor((value - low) / step + 1e-9))] += 1;
    const x = scale(low, high, BOX.left, WIDTH - BOX.right, 6);
    const y = scale(0, Math.max(...bins), HEIGHT - BOX.bottom, BOX.top, 3);
    y.ticks.at = y.ticks.at.filter((value) => value % 1 === 0);
    y.ticks.digits = 0;
    const bars = bins.map((count, k) => count && svg("rect", {
      class: "barr", x: x(low + k * step) + 0.5, width: x(low + step) - x(low) - 1, y: y(count), height: y(0) - y(count) },
      svg("title", { text: `${(low + k * step).toFixed(digits)} to ${(low + (k + 1) * step).toFixed(digits)}${unit}: ${count}` })));
    const middle = median(values);
    const words = `${values.length} sequence${values.length > 1 ? "s" : ""}, median ${middle.toFixed(digits)}${unit}`;
    return figure(title, words, picture(`${title}: ${words}`,
      ...axes(x, y, [`${title}${unit ? ` (${unit.trim()})` : ""}`, "sequences"]), ...bars.filter(Boolean),
      svg("line", { class: "median", x1: x(middle), x2: x(middle), y1: BOX.top - 4, y2: y(0) })));
  }

  function marker(triage, x, y) {
    const r = 4;
    const shape = {
      review: () => svg("path", { d: `M${x} ${y - 5}L${x + 5} ${y + 4}L${x - 5} ${y + 4}Z` }),
      reject: () => svg("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r }),
    }[triage];
    return shape ? shape() : svg("circle", { cx: x, cy: y, r });
  }

  function scatter(lines) {
    const found = lines.filter((line) => known(line.ef) && known(line.uncertainty));
    if (found.length < 2) return null;
    const values = found.map((line) => line.uncertainty);
    const efs = found.map((line) => line.ef);
    const x = scale(Math.min(0, ...efs), Math.max(80, ...efs), BOX.left, WIDTH - BOX.right, 5);
    const y = scale(0, Math.max(...values) * 1.05, HEIGHT - BOX.bottom, BOX.top, 3);
    const points = found.map((line) => {
      const shape = marker(line.triage, x(line.ef), y(line.uncertainty));
      shape.setAttribute("class", `point ${line.triage}`);
      shape.append(svg("title", { text: `${line.id}: EF ${number(line.ef, 0)} %, uncertainty ${number(line.uncertainty, 2)}, ${line.triage || "no triage"}` }));
      if (line.link) {
        shape.classList.add("opens");
        shape.addEventListener("click", () => { location.href = line.link; });
      }
      return shape;
    });
    const key = el("p", { class: "key" }, ...Object.entries(SYMBOLS).map(([triage, symbol]) =>
      el("span", { class: `triage ${triage}` }, el("span", { class: "symbol", "aria-hidden": "true", text: symbol }), ` ${triage}`)));
    return figure("EF against uncertainty", "each mark is a sequence; click to open it", picture(
      `EF against uncertainty of ${found.length} sequences`, ...axes(x, y, ["EF (%)", "uncertainty"]), ...points), key);
  }

  /* What distributions are made of: numbers that may be used, in the unit of the axis. */
  function counted(line) {
    return line.triage !== "reject" && !line.uncalibrated;
  }

  function distributions(place) {
    const processed = island.lines.filter((line) => line.level === "sequence" && line.status === "ok");
    const lines = processed.filter(counted);
    const of = (key) => lines.map((line) => line[key]).filter(known);
    place.append(...[
      histogram("EF", of("ef"), " %", 5, 0),
      scatter(processed),
      histogram("EDV", of("edv"), " mL", 20, 0),
      histogram("Uncertainty", of("uncertainty"), "", 0.02, 2),
    ].filter(Boolean));
  }

  /* ---- a case -------------------------------------------------------------------------- */

  function interval(row, unit) {
    if (!known(row.low) || !known(row.high)) return null;
    return `${number(row.low, row.digits)} to ${number(row.high, row.digits)}${unit ? ` ${row.unit}` : ""}`;
  }

  function headline(line, data) {
    const find = (key) => data.indices.rows.find((row) => row.key === key && known(row.value));
    const ef = find("lv_ef_percent") || find("ef_area_length_uncalibrated") || find("lv_fac_percent");
    const tile = (name, row) => row && el("div", {}, el("dt", { text: name }),
      el("dd", {}, `${number(row.value, row.digits)} `, el("small", { text: row.unit }),
        interval(row) && el("small", { class: "interval", text: interval(row) })));
    const short = { lv_ef_percent: "EF", lv_fac_percent: "FAC", ef_area_length_uncalibrated: "EF, no pixel size" };
    const verdict = data.verdict;
    const triage = verdict && verdict.triage;
    const meaning = data.certificate.certified && triage === "reject"
      ? "of shape and steadiness only: the triage says not to use it" : "of shape and steadiness, not of truth";
    return el("dl", { class: `tiles ${triage === "reject" ? "rejected" : ""}` },
      tile(ef ? short[ef.key] : "", ef), tile("EDV", find("lv_edv_ml")), tile("ESV", find("lv_esv_ml")),
      tile("Heart rate", find("heart_rate_bpm")),
      el("div", {}, el("dt", { text: "Certificate" }), el("dd", { class: data.certificate.certified ? "yes" : "no" },
        el("span", { "aria-hidden": "true", text: data.certificate.certified ? "✓ " : "✕ " }),
        data.certificate.certified ? "certified" : "not certified",
        data.certificate.certified && el("small", { class: "interval", text: meaning }))),
      verdict && el("div", {}, el("dt", { text: "Uncertainty" }), el("dd", { text: number(verdict.uncertainty, 2) })),
      triage && el("div", { class: `triage ${triage}` }, el("dt", { text: "Triage" }),
        el("dd", {}, el("span", { class: "symbol", "aria-hidden": "true", text: SYMBOLS[triage] }), ` ${triage}`)));
  }

  function reasons(data) {
    const refused = data.certificate.certified ? [] : [`not certified: ${data.certificate.reason}`];
    const told = [...(data.verdict ? data.verdict.reasons : []), ...refused, ...data.indices.warnings];
    const unique = [...new Set(told)];
    if (!unique.length) return null;
    const triage = data.verdict && data.verdict.triage;
    const title = { review: "To be reviewed by a person, because", reject: "Not to be used, because" }[triage] || "To know";
    return el("section", { class: `told ${triage || ""}` }, el("h2", { text: title }),
      el("ul", {}, ...unique.map((text) => el("li", { text }))));
  }

  function indexTable(data) {
    const { rows, level, convention, beats } = data.indices;
    const share = level ? `${Math.round(100 * level)} % interval` : "interval";
    const shown = rows.filter((row) => known(row.value));
    const missing = rows.filter((row) => !known(row.value));
    const phases = (name, frames) => (frames.length ? `${name} frame${frames.length > 1 ? "s" : ""} ${frames.join(", ")}` : `no ${name} frame`);
    const grouped = new Map();
    for (const row of missing) grouped.set(row.reason, [...(grouped.get(row.reason) || []), row.title]);
    return el("div", {},
      el("table", { class: "plain" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "Index" }), el("th", { scope: "col", class: "num", text: "Value" }), el("th", { scope: "col", class: "num", text: share }))),
        el("tbody", {}, ...shown.map((row) => el("tr", {}, el("th", { scope: "row", text: row.title }),
          el("td", { class: "num", text: `${number(row.value, row.digits)} ${row.unit}` }),
          el("td", { class: "num", text: interval(row, true) || "–" }))))),
      el("p", { class: "note", text: `Discs: convention ${convention}. ${beats} beat${beats === 1 ? "" : "s"}, ${phases("ED", data.ed)}, ${phases("ES", data.es)}; frames are counted from 0.` }),
      grouped.size ? el("div", { class: "note" }, el("p", { text: "Not given:" }), el("ul", {}, ...[...grouped].map(([reason, titles]) =>
        el("li", {}, `${titles.join(", ")}: `, el("i", { text: reason }))))) : null);
  }

  function framesText(frames) {
    const runs = [];
    for (const frame of frames) {
      const last = runs[runs.length - 1];
      if (last && last[1] === frame - 1) last[1] = frame; else runs.push([frame, frame]);
    }
    const told = runs.slice(0, 4).map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
    return runs.length > 4 ? `${told}, …` : told;
  }

  function verdictCell(part, count, seek) {
    if (!part) return el("td", { class: "num", text: "–" });
    const worst = known(part.worst) ? String(part.worst) : "none";
    if (!part.bad.length) {
      return el("td", { class: "num" }, el("span", { class: "yes" }, el("span", { "aria-hidden": "true", text: "✓ " }), el("span", { class: "hidden", text: "kept, " }), worst));
    }
    const told = `${part.bad.length} of ${count} frame${count > 1 ? "s" : ""}`;
    const broken = el("span", { class: "no" }, el("span", { "aria-hidden": "true", text: "✕ " }), el("span", { class: "hidden", text: "broken, " }), worst);
    if (!seek) return el("td", { class: "num" }, broken, el("small", { text: `${part.bad.length} of ${count}` }));
    const where = `frame${part.bad.length > 1 ? "s" : ""} ${framesText(part.bad)}`;
    const button = el("button", { type: "button", class: "link", onclick: () => seek(part.bad[0]), title: "Show the first" }, where);
    return el("td", { class: "num" }, broken, el("small", {}, `${told}: `, button));
  }

  const KINDS = { shape: "Shape: twelve criteria, worst value over the frames", time: "Time: largest bend between neighbours, in shares of the experts' span" };

  function certificateTable(data, seek) {
    const { rows, corrected, profile } = data.certificate;
    const kinds = [...new Set(rows.map((row) => row.kind))];
    const columns = corrected ? ["before", "after"] : ["after"];
    const body = kinds.map((kind) => el("tbody", {},
      el("tr", { class: "kind" }, el("th", { colspan: 2 + columns.length, scope: "rowgroup", text: KINDS[kind] })),
      ...rows.filter((row) => row.kind === kind).map((row) => {
        const broke = columns.some((key) => row[key] && row[key].bad.length);
        return el("tr", { class: broke ? "broke" : "" }, el("th", { scope: "row", text: row.title }), el("td", { class: "num", text: row.bound }),
          ...columns.map((key) => verdictCell(row[key], data.frames, seek)));
      })));
    return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Certificate" }, el("table", { class: "plain certificate" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "What" }), el("th", { scope: "col", class: "num", text: `Bound (${profile})` }),
        corrected && el("th", { scope: "col", class: "num", text: "Network" }),
        el("th", { scope: "col", class: "num", text: corrected ? "Corrected" : "Written" }))), ...body));
  }

  const DONE = { kept: 3, repaired: 9, moved: 15, replaced: 22 };

  function actionLane(data, seek) {
    const { actions, moved, dice, units } = data.certificate;
    if (!actions) return null;
    const width = 600;
    const each = width / actions.length;
    const told = Object.keys(DONE).map((name) => [name, actions.filter((a) => a === name).length]);
    const words = told.map(([name, count]) => `${count} ${name}`).join(", ");
    const lane = svg("svg", { viewBox: `0 0 ${width} 24`, preserveAspectRatio: "none", role: "img", class: "lane", "aria-label": `Frames: ${words}` },
      ...actions.map((action, frame) => svg("rect", {
        class: action, x: frame * each, width: Math.max(each - (each > 3 ? 0.8 : 0), 0.5), y: 24 - DONE[action], height: DONE[action] },
        svg("title", { text: `frame ${frame}: ${action}${action === "kept" ? "" : `, boundary moved ${number(moved[frame], 1)} ${units}, Dice to the network ${number(dice[frame], 3)}`}` }))));
    lane.addEventListener("click", (event) => {
      const box = lane.getBoundingClientRect();
      seek(Math.min(actions.length - 1, Math.floor(((event.clientX - box.left) / box.width) * actions.length)));
    });
    const most = Math.max(0, ...moved.filter(known));
    const extra = most ? ` The largest shift of a boundary is ${number(most, 1)} ${units}.` : "";
    return el("div", {}, lane, el("p", { class: "note", text: `Frames: ${words}; the higher the bar, the more was done.${extra}` }));
  }

  function facts(line, data) {
    const entries = [
      ["File", line.source], ["Input, SHA-256", line.sha256], ["View", data.view],
      ["Frames", `${data.frames}${data.shown.length < data.frames ? ` (${data.shown.length} are shown here)` : ""}`],
      ["Frame times", data.times && data.frames > 1 ? `${number((1000 * data.times[data.frames - 1]) / (data.frames - 1), 1)} ms between frames` : "unknown"],
      ["Calibration", data.pixel_mm ? "known, lengths in mm" : "none: no lengths, areas or volumes"],
      ["Convention", data.indices.convention], ["Bounds of the criteria", data.certificate.profile],
      ["Uncertainty", data.verdict && `${data.verdict.method}, mean ${number(data.verdict.uncertainty, 2)}`],
      ["Notes", line.notes], ["Certificate's notes", data.certificate.notes.join("; ")],
      ["Software", `cardiac ${data.software}`],
    ];
    const list = el("dl", { class: "facts" }, ...entries.filter(([, value]) => value).map(([name, value]) =>
      el("div", {}, el("dt", { text: name }), el("dd", { text: value }))));
    const run = document.getElementById("run-facts");
    return el("div", {}, list, run && el("div", {}, el("h3", { text: "Run" }), run.content.cloneNode(true)));
  }

  const HELP = [
    ["Space", "play or pause"], ["← →", "one frame; with Shift ten"], ["D, S", "next end-diastole, end-systole"],
    ["C", "contours: next choice"], ["U", "uncertainty map"], ["+ −", "speed"],
    ["Home, End", "first, last frame"], ["J, K", "next, previous case"], ["Esc", "back to the table"],
  ];

  const FIRST = ["lv_area", "lv_length", "lv_base_width", "lv_orientation", "uncertainty", "consistency"];
  let open = null;

  function closeCase() {
    if (!open) return;
    open.player.destroy();
    open.charts.forEach((chart) => chart.destroy());
    open = null;
  }

  function panel(title, note, ...children) {
    return el("section", { class: "panel" }, el("h2", { text: title }), note && el("p", { class: "note", text: note }), ...children.filter(Boolean));
  }

  function showCase(place, index, data) {
    closeCase();
    const line = island.lines[index];
    const source = Cardiac.sourceOf(data);
    const charts = [];
    const screen = el("div", { class: "screen" });
    const player = new Cardiac.Player(screen, source, {
      onFrame: (frame) => charts.forEach((chart) => chart.setFrame(frame)) });
    const seek = (frame) => { player.pause(); player.seek(frame); };
    const context = { count: data.frames, times: data.times, ed: data.ed, es: data.es, onSeek: seek };
    const draw = (series, height) => {
      const holder = el("div", {});
      charts.push(new Cardiac.Chart(holder, series, { ...context, height }));
      return holder;
    };
    const rank = (series) => (FIRST.indexOf(series.key) + 1) || FIRST.length + 1;
    const ordered = data.curves.slice().sort((a, b) => rank(a) - rank(b));
    const lead = el("p", { class: "key" }, el("span", {}, el("i", { class: "ink" }), data.certificate.corrected ? "corrected" : "written"),
      data.certificate.corrected && el("span", {}, el("i", { class: "ink dashed" }), "network"), el("span", { text: "click or drag to go to a frame" }));
    const help = el("details", { class: "help" }, el("summary", { text: "Keyboard" }),
      el("dl", {}, ...HELP.map(([key, text]) => el("div", {}, el("dt", {}, el("kbd", { text: key })), el("dd", { text })))));
    place.replaceChildren(
      el("nav", { class: "crumbs", "aria-label": "Cases" }, ...crumbs(index)),
      el("div", { class: "headline" }, el("h1", { id: "case-title", tabindex: -1 }, line.id, el("small", {
        text: [line.patient && line.patient !== line.id ? `patient ${line.patient}` : "", data.view !== "unknown" ? data.view : "view not given"].filter(Boolean).join(", ") })),
        el("button", { type: "button", class: "print", onclick: () => print() }, "Print")),
      headline(line, data), reasons(data) || "",
      el("div", { class: "bench" },
        el("div", { class: "left" }, el("section", { class: "panel dark", "aria-label": "Cine" }, screen), help,
          panel("Indices", null, indexTable(data))),
        el("section", { class: "panel right", "aria-label": "Curves over time" }, el("h2", { text: "Curves" }), lead,
          el("div", { class: "curves" }, ...ordered.map((series) => draw(series))))),
      panel("Certificate", data.certificate.certified
        ? "Every frame meets the twelve criteria, and the seven attributes are temporally consistent."
        : `Not certified: ${data.certificate.reason}.`,
      data.certificate.before && el("p", { class: "note", text: data.certificate.before.certified
        ? "The network's own masks kept every bound, and were left as they are."
        : `Before correction: ${data.certificate.before.reason}.` }),
      actionLane(data, seek), certificateTable(data, seek)),
      panel("Latent trajectory", "The seven dimensions of the shape space that are tied to an attribute, in standard deviations of the experts' masks. Pale band: 95 % of the experts. Dark band: where the temporal bound lets a frame be, given its neighbours.",
        el("div", { class: "curves grid" }, ...data.latent.map((series) => draw({ ...series, unit: "SD" }, 110)))),
      panel("Provenance", null, facts(line, data)));
    document.title = `${line.id} – cardiac report`;
    open = { player, charts, index };
    charts.forEach((chart) => chart.setFrame(player.frame));
    window.cardiacPlayer = player;
  }

  /* ---- from one case to another -------------------------------------------------------- */

  const shown = island.lines.map((line, index) => index).filter((index) => island.lines[index].link.startsWith("#"));
  const address = (index) => `#case=${index}`;

  const single = document.body.dataset.mode === "case";

  /* Addresses of the cases before and after one, or "". */
  function around(index) {
    if (single) return island.around;
    const order = listed();
    const at = order.indexOf(index);
    return [order[at - 1], order[at + 1]].map((other) => (other === undefined ? "" : address(other)));
  }

  /* Cases in the order of the table, those that its filter hides left out. */
  function listed() {
    const rows = [...document.querySelectorAll("#cohort tbody tr")];
    const order = rows.filter((row) => !row.hidden).map((row) => Number(row.dataset.index)).filter((index) => shown.includes(index));
    return order.length ? order : shown;
  }

  function crumbs(index) {
    const [before, after] = around(index);
    const to = (where, text) => (where ? el("a", { href: where, text }) : el("span", { class: "off", text }));
    const place = single ? null : el("span", { text: `${listed().indexOf(index) + 1} of ${listed().length}` });
    return [el("a", { href: single ? "../report.html" : "#cohort", text: "← All cases" }),
      el("span", { class: "pages" }, to(before, "Previous"), place, to(after, "Next"))];
  }

  function caseData(index) {
    const holder = document.getElementById(`case-${index}`);
    if (holder) return Promise.resolve(JSON.parse(holder.textContent));
    if (document.readyState !== "loading") return Promise.reject(new Error("not in this file"));
    return new Promise((resolve) => { document.addEventListener("DOMContentLoaded", resolve, { once: true }); })
      .then(() => caseData(index));
  }

  let scrolled = 0;
  async function route() {
    const match = /^#case=(\d+)$/.exec(location.hash);
    const place = document.getElementById("case");
    const cohort = document.getElementById("cohort");
    if (!match && !single) {
      closeCase();
      place.hidden = true;
      place.replaceChildren();
      cohort.hidden = false;
      document.body.dataset.view = "cohort";
      document.title = "cardiac report";
      window.scrollTo(0, scrolled);
      return;
    }
    if (cohort && !cohort.hidden) scrolled = window.scrollY;
    const index = single ? 0 : Number(match[1]);
    if (cohort) cohort.hidden = true;
    place.hidden = false;
    document.body.dataset.view = "case";
    try {
      const data = await caseData(index);
      if (data.version !== 1) throw new Error("written by another version");
      showCase(place, index, data);
      window.scrollTo(0, 0);
      place.querySelector("h1").focus({ preventScroll: true });
      papers([index]);
    } catch (error) {
      place.replaceChildren(el("p", { class: "note" }, el("a", { href: "#cohort", text: "← All cases" })),
        el("p", { role: "alert", text: `This case cannot be shown: ${error.message}.` }));
    }
  }

  /* ---- on paper ------------------------------------------------------------------------ */

  const sheets = new Map();

  function still(data, source, frame, name) {
    const at = source.frames.indexOf(frame);
    if (at < 0) return null;
    const [h, w] = data.size;
    const lines = source.lines(data.layers[0].key, at);
    const overlay = svg("svg", { viewBox: `0 0 ${w} ${h}` });
    for (const { key, color } of data.structures) {
      for (const points of lines[key] || []) {
        const pairs = [];
        for (let k = 0; k < points.length; k += 2) pairs.push(`${points[k].toFixed(1)},${points[k + 1].toFixed(1)}`);
        overlay.append(svg("polygon", { points: pairs.join(" "), fill: "none", stroke: color, "stroke-width": w / 220 }));
      }
    }
    const time = data.times ? `, ${data.times[frame].toFixed(3)} s` : "";
    return el("figure", {}, el("div", { class: "still" },
      el("img", { src: `data:${data.cine.type};base64,${data.cine.images[at]}`, alt: "" }), overlay),
      el("figcaption", { text: `${name}, frame ${frame}${time}` }));
  }

  function sheet(index, data) {
    const line = island.lines[index];
    const source = Cardiac.sourceOf(data);
    const ed = data.ed.length ? data.ed[0] : 0;
    const es = data.es.find((frame) => frame > ed) ?? data.es[0];
    return el("article", { class: "sheet", "data-index": index },
      el("h2", {}, line.id, el("small", { text: [line.patient && line.patient !== line.id ? `patient ${line.patient}` : "", data.view !== "unknown" ? data.view : "view not given"].filter(Boolean).join(", ") })),
      headline(line, data), reasons(data) || "",
      el("div", { class: "stills" }, still(data, source, ed, data.ed.length ? "ED" : "First shown"),
        es === undefined ? "" : still(data, source, es, "ES")),
      el("div", { class: "columns" }, indexTable(data), certificateTable(data, null)),
      el("p", { class: "note", text: "Research only. Not for clinical use." }));
  }

  function papers(indices) {
    const paper = document.getElementById("paper");
    const next = indices.find((index) => !sheets.has(index));
    if (next === undefined) return;
    sheets.set(next, null);
    const again = () => idle(() => papers(indices));
    caseData(next).then((data) => {
      if (data.version === 1) sheets.set(next, sheet(next, data));
      const all = [...sheets].filter(([, made]) => made).sort(([a], [b]) => a - b);
      paper.replaceChildren(...all.map(([, made]) => made));
    }).then(again, again);
  }

  window.addEventListener("beforeprint", () => {
    const one = document.body.dataset.view === "case" && open ? open.index : null;
    for (const [index, made] of sheets) {
      if (made) made.hidden = one !== null && index !== one;
    }
  });

  /* ---- the keyboard -------------------------------------------------------------------- */

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const typing = target.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), select, textarea");
    if (typing) return;
    if (event.key === "/" && !open) {
      const field = document.querySelector("form.filters input");
      if (field) { field.focus(); event.preventDefault(); }
      return;
    }
    if (!open) return;
    const own = target.closest("button, a, summary, input");
    const used = own && (event.key === " " || event.key === "Enter" || (target.matches("input[type=range], input[type=radio]") && /^(Arrow|Home|End)/.test(event.key)));
    if (used) return;
    const [before, after] = around(open.index);
    const to = { j: after, k: before, Escape: single ? "" : "#cohort" }[event.key];
    if (to && !event.ctrlKey && !event.metaKey) location.href = to;
    else if (open.player.handleKey(event)) event.preventDefault();
  });

  /* ---- begin --------------------------------------------------------------------------- */

  const section = document.getElementById("cohort");
  if (section) {
    cohortTable(section);
    const button = section.querySelector("button.print");
    button.hidden = false;
    button.addEventListener("click", () => print());
    const later = () => {
      distributions(document.getElementById("distributions"));
      papers(shown);
    };
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => idle(later), { once: true });
    else idle(later);
  }
  window.addEventListener("hashchange", route);
  route();
})();
