"use strict";
(() => {
  const programme = JSON.parse(document.getElementById("programme").textContent);
  const screen = document.getElementById("screen");
  const KEY = "rehabctl:" + programme.programme;
  // what the clinic reads stays the same in every language
  const REASONS = [["It hurt", "reason_hurt"], ["Too hard", "reason_hard"], ["No time", "reason_time"],
    ["No equipment", "reason_equipment"], ["Something else", "reason_other"]];
  const SIDES = { left: "left_side", right: "right_side" };
  const say = (key, values = {}) => programme.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  let ticking = null;
  let drawing = null;

  // ---- what was done so far: kept in the browser until it is saved
  let state = null;
  const fresh = () => ({
    id: crypto.randomUUID ? crypto.randomUUID() : "s-" + Date.now() + "-" + Math.random().toString(36).slice(2),
    revision: programme.revision, started_at: null, completed_at: null, at: 0,
    pain_before: null, pain_after: null, difficulty: null, notes: null, red_flags: [], exercises: [],
  });
  const keep = () => { try { localStorage.setItem(KEY, JSON.stringify(state)); } catch { /* private window */ } };
  const kept = () => {
    try {
      const found = JSON.parse(localStorage.getItem(KEY));
      return found && found.id && found.revision === programme.revision ? found : null;
    } catch { return null; }
  };
  const forget = () => { try { localStorage.removeItem(KEY); } catch { /* private window */ } };

  // ---- small builders; every text is text, never markup
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const button = (text, action, quiet) => {
    const element = make("button", text, { type: "button" });
    if (quiet) element.className = "quiet";
    element.addEventListener("click", action);
    return element;
  };
  const list = (items, tag = "ul") => {
    const element = make(tag);
    for (const item of items) element.append(make("li", item));
    return element;
  };
  const show = (title, ...parts) => {
    clearInterval(ticking);
    cancelAnimationFrame(drawing);
    const heading = make("h1", title, { tabindex: "-1" });
    screen.replaceChildren(heading, ...parts.filter(Boolean));
    heading.focus();
    window.scrollTo(0, 0);
  };
  const scale = (name, legend, low, high) => {
    const box = make("fieldset");
    const row = make("div");
    row.className = "choice";
    for (let n = 0; n <= 10; n += 1) {
      const label = make("label");
      label.append(make("input", "", { type: "radio", name, value: String(n) }), String(n));
      row.append(label);
    }
    const ends = make("div");
    ends.className = "ends";
    ends.append(make("span", "0 " + low), make("span", "10 " + high));
    box.append(make("legend", legend), row, ends);
    return box;
  };
  const chosen = (name) => {
    const found = screen.querySelector(`input[name="${name}"]:checked`);
    return found ? Number(found.value) : null;
  };

  // ---- the figure: start and end of one repetition, over and over
  const figure = (data, name) => {
    const box = make("div");
    const NS = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", "-0.7 -1.12 1.4 1.2");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", say("moving_figure", { name }));
    const lines = data.bones.map(() => svg.appendChild(document.createElementNS(NS, "line")));
    const head = svg.appendChild(document.createElementNS(NS, "circle"));
    head.setAttribute("r", "0.055");
    const draw = (frame) => {
      data.bones.forEach(([a, b], n) => {
        lines[n].setAttribute("x1", frame[a][0]); lines[n].setAttribute("y1", -frame[a][1]);
        lines[n].setAttribute("x2", frame[b][0]); lines[n].setAttribute("y2", -frame[b][1]);
      });
      head.setAttribute("cx", frame[data.head][0]); head.setAttribute("cy", -frame[data.head][1] - 0.03);
    };
    let moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (time) => {
      if (!moving) return;
      const frames = data.frames;
      draw(frames[Math.floor(time / 4000 * frames.length) % frames.length]);
      drawing = requestAnimationFrame(step);
    };
    const toggle = button(say(moving ? "stop_figure" : "move_figure"), () => {
      moving = !moving;
      toggle.textContent = say(moving ? "stop_figure" : "move_figure");
      if (moving) drawing = requestAnimationFrame(step);
    }, true);
    draw(data.frames[Math.floor(data.frames.length / 2)]);
    if (moving) drawing = requestAnimationFrame(step);
    box.append(svg, toggle);
    if (data.of_one_joint) box.append(make("p", say("figure_note")));
    return box;
  };

  // ---- screens
  const begin = () => {
    const found = kept();
    if (found && found.started_at) {
      show(say("welcome_back"), make("p", say("not_saved_yet")),
        button(say("go_on_session"), () => { state = found; next(); }),
        button(say("new_session"), () => { forget(); state = fresh(); questions(); }, true));
      return;
    }
    state = fresh();
    questions();
  };

  const questions = () => {
    const box = make("fieldset");
    box.append(make("legend", say("new_for_you")));
    for (const flag of programme.red_flags) {
      const label = make("label", "");
      label.className = "line";
      label.append(make("input", "", { type: "checkbox", name: "flag", value: flag.code }), flag.question);
      box.append(label);
    }
    show(programme.title,
      programme.patient && make("p", programme.patient),
      programme.notes && make("p", programme.notes),
      make("p", `${programme.clinic}, ${programme.made_on}` + (programme.made_by && `, ${say("handed_out_by", { name: programme.made_by })}`)),
      box,
      scale("pain", say("pain_now"), say("no_pain"), say("worst_pain")),
      button(say("start"), () => {
        state.started_at = new Date().toISOString();
        state.pain_before = chosen("pain");
        state.red_flags = [...screen.querySelectorAll("input[name=flag]:checked")].map((f) => f.value);
        keep();
        if (state.red_flags.length) stop(); else next();
      }));
  };

  const stop = () => {
    const box = make("p", programme.red_flag_advice);
    box.className = "stop";
    show(say("please_stop"), box,
      make("p", say("save_for_clinic")),
      button(say("save"), save), button(say("by_mistake"), () => { forget(); state = fresh(); questions(); }, true));
  };

  const next = () => {
    if (state.red_flags.length) { stop(); return; }
    if (state.at < programme.exercises.length) exercise(programme.exercises[state.at]); else end();
  };

  const finish = (entry) => {
    state.exercises.push(entry);
    state.at += 1;
    keep();
    next();
  };

  const exercise = (item) => {
    const began = Date.now();
    const sets = [];
    let count = 0;
    const live = make("p", "", { "aria-live": "polite", id: "progress" });
    live.className = "big";
    const status = () => {
      const number = Math.min(sets.length + 1, item.sets);
      live.textContent = say(item.by_time ? "set_of" : "set_count", { number, sets: item.sets, count, reps: item.reps });
    };
    const done = () => {
      const reps = count ? [...sets, count] : [...sets];
      after(item, { exercise: item.exercise, done: true, reps,
        hold_s: item.hold_s || null, duration_s: Math.round((Date.now() - began) / 1000) });
    };
    const endSet = () => { sets.push(item.by_time ? 1 : count); count = 0; status(); if (sets.length >= item.sets) done(); };
    const controls = item.by_time ? timer(item, endSet) : counter(item, () => { count += 1; status(); if (count >= item.reps) endSet(); }, endSet);
    status();
    const foreign = item.language !== programme.language;
    const theirs = (element) => { if (foreign && element) element.lang = item.language; return element; };
    show(say("exercise_of", { number: state.at + 1, total: programme.exercises.length, name: item.name }),
      item.mark && make("p", item.mark),
      foreign && make("p", say("english_only"), { class: "mark" }),
      make("p", `${item.dose}.` + (SIDES[item.side] ? " " + say(SIDES[item.side]) : "")),
      item.figure ? figure(item.figure, item.name) : make("p", say("no_figure")),
      item.equipment.length ? make("p", say("you_need", { items: item.equipment.join(", ") })) : null,
      theirs(list(item.steps, "ol")),
      item.note && make("p", say("from_therapist", item)),
      live, controls,
      button(say("done"), done, true),
      button(say("skip"), () => skip(item), true),
      item.cues.length ? make("h2", say("think_of")) : null, item.cues.length ? theirs(list(item.cues)) : null,
      item.avoid.length ? make("h2", say("avoid")) : null, item.avoid.length ? theirs(list(item.avoid)) : null,
      item.care.length ? make("h2", say("take_care")) : null, item.care.length ? theirs(list(item.care)) : null,
      make("p", programme.pain_advice));
  };

  const counter = (item, plus, endSet) => {
    const box = make("div");
    const add = button(say("one_more"), plus);
    add.className = "count";
    add.id = "count";
    box.append(add, button(say("set_over"), endSet, true));
    return box;
  };

  const timer = (item, endSet) => {
    const box = make("div");
    const clock = make("p", "", { role: "timer" });
    clock.className = "big";
    let left = item.hold_s;
    let running = false;
    const text = () => {
      const whole = Math.ceil(left);
      clock.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    };
    const toggle = button(say("start_clock"), () => {
      running = !running;
      toggle.textContent = running ? say("pause") : say("go_on");
      clearInterval(ticking);
      if (!running) return;
      let last = performance.now();
      ticking = setInterval(() => {
        const now = performance.now();
        left -= (now - last) / 1000;
        last = now;
        if (left <= 0) {
          clearInterval(ticking);
          running = false;
          left = item.hold_s;
          toggle.textContent = say("start_clock");
          endSet();
        }
        text();
      }, 200);
    });
    toggle.className = "count";
    text();
    box.append(clock, toggle, button(say("set_over"), endSet, true));
    return box;
  };

  const skip = (item) => {
    show(say("skip_title", item), make("p", say("what_reason")),
      ...REASONS.map(([reason, key]) => button(say(key), () => finish(
        { exercise: item.exercise, done: false, skipped: true, skip_reason: reason }), true)),
      button(say("back"), () => exercise(item)));
  };

  const after = (item, entry) => {
    show(say("well_done", item),
      scale("pain", say("pain_had"), say("no_pain"), say("worst_pain")),
      scale("difficulty", say("how_hard"), say("very_easy"), say("very_hard")),
      button(say("next"), () => finish({ ...entry, pain_after: chosen("pain"), difficulty: chosen("difficulty") })));
  };

  const end = () => {
    const notes = make("textarea", "", { id: "notes", maxlength: "2000" });
    notes.value = state.notes || "";
    show(say("complete"),
      scale("pain", say("pain_now"), say("no_pain"), say("worst_pain")),
      scale("difficulty", say("how_hard_all"), say("very_easy"), say("very_hard")),
      make("label", say("note_for_therapist"), { for: "notes" }), notes,
      button(say("save"), () => {
        state.completed_at = state.completed_at || new Date().toISOString();
        state.pain_after = chosen("pain");
        state.difficulty = chosen("difficulty");
        state.notes = notes.value.trim() || null;
        keep();
        save();
      }));
  };

  // ---- the file that `rehabctl session log --file` reads
  const upload = () => ({
    schema_version: 1, id: state.id, programme: programme.programme, revision: programme.revision,
    started_at: state.started_at, completed_at: state.completed_at,
    pain_before: state.pain_before, pain_after: state.pain_after,
    difficulty: state.difficulty, notes: state.notes, exercises: state.exercises,
    journal: { recorded_at: state.started_at, pain: state.pain_before, red_flags: state.red_flags },
  });

  const save = () => {
    const link = make("a", "", {
      href: URL.createObjectURL(new Blob([JSON.stringify(upload(), null, 1) + "\n"], { type: "application/json" })),
      download: `session-${state.started_at.slice(0, 10)}-${state.id.slice(0, 8)}.json`,
    });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    show(say("saved"), make("p", say("send_file")),
      button(say("save_again"), save, true),
      button(say("finish"), () => { forget(); begin(); }));
  };

  begin();
})();
