"use strict";
const root = document.documentElement;
root.classList.add("js");

// The colours: the system's, until the reader asks for others.
const dark = matchMedia("(prefers-color-scheme: dark)");
const kept = () => { try { return localStorage.getItem("plimsoll-theme"); } catch { return ""; } };
if (["dark", "light"].includes(kept())) root.dataset.theme = kept();
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

addEventListener("DOMContentLoaded", () => {
	const button = document.querySelector(".theme");
	const show = () => { button.textContent = isDark() ? "light colours" : "dark colours"; };
	show();
	button.addEventListener("click", () => {
		root.dataset.theme = isDark() ? "light" : "dark";
		try { localStorage.setItem("plimsoll-theme", root.dataset.theme); } catch { /* a file may have no storage */ }
		show();
	});
	dark.addEventListener("change", show);

	// What is linked to is unfolded.
	const reveal = () => {
		const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
		const folded = target && target.closest("details");
		if (folded) folded.open = true;
	};
	addEventListener("hashchange", reveal);
	reveal();

	// The filter of one verdict's findings.
	for (const section of document.querySelectorAll(".findings")) {
		const form = section.querySelector(".filter");
		if (!form) continue;
		const fields = [...form.querySelectorAll("input, select")];
		const said = form.querySelector("output");
		const unfold = form.querySelector(".unfold");
		const packages = [...section.querySelectorAll("details.package")].map((box) => ({
			box, open: box.open, layers: box.dataset.l, head: null,
			rows: [...box.querySelectorAll("tbody tr")].map((row) => ({ row, text: null })),
		}));
		const total = packages.reduce((n, p) => n + p.rows.length, 0);
		const words = (element) => element.textContent.toLowerCase();
		const fixes = {
			rebuild: (row) => row.dataset.d === "rebuild",
			fixable: (row) => "f" in row.dataset,
			unfixed: (row) => !("f" in row.dataset),
			exploited: (row) => "k" in row.dataset,
		};
		const value = (name) => (form.querySelector(`[name=${name}]`) || { value: "" }).value;
		const apply = () => {
			const wanted = value("text").toLowerCase().split(/\s+/).filter(Boolean);
			const severity = value("severity"), fix = value("fix"), held = value("database"), layer = value("layer");
			const active = Boolean(wanted.length || severity || fix || held || layer);
			let rows = 0, boxes = 0;
			for (const p of packages) {
				const here = !layer || p.layers.includes(` ${layer} `);
				let shown = 0;
				if (wanted.length && p.head === null) p.head = words(p.box.querySelector("summary")) + words(p.box.querySelector(".from"));
				for (const r of p.rows) {
					let fits = here && (!severity || r.row.classList.contains(severity)) && (!held || r.row.dataset.h === held) && (!fix || fixes[fix](r.row));
					if (fits && wanted.length) {
						if (r.text === null) r.text = p.head + words(r.row);
						fits = wanted.every((w) => r.text.includes(w));
					}
					r.row.hidden = !fits;
					if (fits) shown++;
				}
				// A package whose findings have no rows of their own is judged by its head.
				const bare = !p.rows.length && here && !severity && !fix && !held && wanted.every((w) => p.head.includes(w));
				p.box.hidden = active && !shown && !bare;
				if (!p.box.hidden) boxes++;
				rows += shown;
				p.box.open = active ? shown > 0 : p.open;
			}
			said.textContent = active ? `${rows} of ${total} rows in ${boxes} packages` : "";
			unfold.setAttribute("aria-pressed", "false");
			unfold.textContent = "unfold all";
		};
		let waiting = 0;
		const soon = () => { clearTimeout(waiting); waiting = setTimeout(apply, total > 500 ? 150 : 0); };
		form.addEventListener("input", soon);
		form.querySelector(".clear").addEventListener("click", () => {
			for (const field of fields) field.value = "";
			apply();
		});
		unfold.addEventListener("click", () => {
			const open = unfold.getAttribute("aria-pressed") !== "true";
			for (const p of packages) if (!p.box.hidden) p.box.open = open;
			unfold.setAttribute("aria-pressed", String(open));
			unfold.textContent = open ? "fold all" : "unfold all";
		});
		const verdict = section.closest("article");
		verdict.addEventListener("click", (event) => {
			const link = event.target.closest("a.bylayer");
			const select = form.querySelector("[name=layer]");
			if (!link || !select) return;
			for (const field of fields) field.value = "";
			select.value = link.dataset.layer;
			apply();
		});
	}
});
