// What HTML cannot do alone: keys, the question before an act, copying, charts, times that stay true.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- What is said without moving anything -------------------------------------------------
  let fading = 0;
  function say(text, tone = "calm", stays = false) {
    const place = $("#notice");
    place.textContent = text;
    place.dataset.tone = tone;
    clearTimeout(fading);
    if (text && !stays) fading = setTimeout(() => { place.textContent = ""; }, 6000);
  }

  // --- Live parts ---------------------------------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = $("meta[name=csrf-token]").content;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    const isBusy = document.hidden || part.contains(document.activeElement) || $("dialog[open]");
    if (part.matches("[data-live]") && isBusy) event.preventDefault();
  });
  let isLost = false;
  const lost = () => {
    isLost = true;
    say("Isthmus does not answer. What you see is from before; it goes on by itself.", "bad", true);
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:responseError", lost);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && isLost) {
      isLost = false;
      say("Isthmus answers again.", "good");
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    times();
    charts(event.detail.target.parentElement || document);
  });

  // --- Times --------------------------------------------------------------------------------
  const STEPS = [[86400, "d"], [3600, "h"], [60, "min"]];
  function span(seconds) {
    const found = STEPS.find(([size]) => seconds >= size);
    return found ? `${Math.floor(seconds / found[0])} ${found[1]}` : `${Math.floor(seconds)} s`;
  }
  function times() {
    const now = Date.now();
    for (const time of $$("time[data-ago], time[data-due]")) {
      const seconds = (now - Date.parse(time.dateTime)) / 1000;
      const length = span(Math.abs(seconds));
      let text;
      if ("due" in time.dataset) text = seconds >= 0 ? `late ${length}` : `due in ${length}`;
      else if (Math.abs(seconds) < 45) text = "just now";
      else text = seconds >= 0 ? `${length} ago` : `in ${length}`;
      if (time.textContent !== text) time.textContent = text;
    }
  }
  setInterval(times, 20000);

  // --- One question before an act ------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-confirm]") || form.dataset.asked) return;
    event.preventDefault();
    const dialog = $("#confirm");
    $("#confirm-title").textContent = form.dataset.confirm;
    $("#confirm-text").textContent = form.dataset.confirmText;
    $("[value=yes]", dialog).textContent = form.dataset.confirmYes;
    dialog.showModal();
    $("[value=yes]", dialog).focus();
    $("[value=yes]", dialog).onclick = () => {
      form.dataset.asked = "yes";
      dialog.close();
      form.requestSubmit(event.submitter || undefined);
    };
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.matches("[data-submit]") && event.target.matches("select, [type=checkbox]")) {
      form.requestSubmit();
    }
  });

  // --- Clicks ---------------------------------------------------------------------------------
  const ACTS = {
    theme() {
      const root = document.documentElement;
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      charts(document, true);
    },
    keys() { $("#keys").showModal(); },
    menu(button) {
      const open = $("#menu").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    },
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.act) ACTS[button.dataset.act](button);
    if (button.value === "no" && button.closest("dialog")) button.closest("dialog").close();
    if (button.dataset.copy) {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(`${button.dataset.copy} is copied`, "good");
    }
  });

  // --- Keys -----------------------------------------------------------------------------------
  const rows = () => $$("[data-row]").filter((row) => row.offsetParent !== null);
  function move(step) {
    const all = rows();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
    if (next) $("a", next).focus();
  }
  function edit() {
    const row = rows().find((one) => one.contains(document.activeElement));
    const field = $("#fix .field :is(input, select, textarea)") || $("#fix select");
    if (row) location.href = `${$("a", row).href.split("#")[0]}#fix`;
    else if (field) field.focus();
  }
  function again() {
    const row = rows().find((one) => one.contains(document.activeElement));
    const form = (row && $("form[data-key=r]", row)) || $("form[data-key=r]");
    if (form) form.requestSubmit();
  }
  const KEYS = {
    "/": () => { const search = $("#search"); if (search) { search.focus(); search.select(); } },
    j: () => move(1),
    k: () => move(-1),
    e: edit,
    r: again,
    "?": () => $("#keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog[open]");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing) {
      if (event.key === "Escape" && event.target.id === "search") event.target.blur();
      return;
    }
    if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  // --- Charts -----------------------------------------------------------------------------------
  const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function options(data) {
    const ink = tone("--ink-2"), line = tone("--line");
    const palette = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"].map(tone);
    const number = (value) => value.toLocaleString("en", { notation: "compact" });
    return {
      animation: false,
      color: palette,
      textStyle: { fontFamily: "inherit" },
      grid: { left: 4, right: 12, top: data.series.length > 1 ? 36 : 28, bottom: 4, containLabel: true },
      legend: data.series.length > 1 ? { top: 0, left: 0, itemHeight: 8, textStyle: { color: ink } } : undefined,
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: tone("--raised"),
        borderColor: line, textStyle: { color: tone("--ink") },
        valueFormatter: (value) => `${Number(value).toLocaleString("en")} ${data.unit || ""}` },
      xAxis: { type: "category", data: data.labels, boundaryGap: data.kind === "bar",
        axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: ink } },
      yAxis: { type: "value", name: data.unit, nameTextStyle: { color: ink, align: "left" }, splitNumber: 3,
        splitLine: { lineStyle: { color: line } }, axisLabel: { color: ink, formatter: number } },
      series: data.series.map((one, index) => ({
        name: one.name, type: data.kind, data: one.values, symbol: "none", barMaxWidth: 28,
        stack: data.stacked ? "all" : undefined,
        lineStyle: { width: 2, type: ["solid", "dashed", "dotted", "solid"][index % 4] },
        areaStyle: data.kind === "line" && data.series.length === 1 ? { opacity: 0.12 } : undefined,
      })),
    };
  }
  function charts(root, anew = false) {
    if (!window.echarts) return;
    for (const place of $$("[data-chart]", root)) {
      const drawn = echarts.getInstanceByDom(place);
      if (drawn && !anew) continue;
      const chart = drawn || echarts.init(place, null, { renderer: "svg" });
      chart.setOption(options(JSON.parse(place.dataset.chart)), true);
      if (!drawn) new ResizeObserver(() => chart.resize()).observe(place);
    }
  }

  times();
  charts(document);
  if (location.hash === "#fix") edit();
  const invalid = $("[aria-invalid=true]");
  if (invalid) invalid.focus();

  // --- The chosen tab is in sight where they do not all fit ------------------------------------
  for (const tab of $$(".tabs [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
})();
