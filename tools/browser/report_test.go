package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	// unfold opens every part of a page.
	unfold = `document.querySelectorAll("details").forEach(d => { d.open = true })`
	// overflow names what stands out on the right, unless it scrolls in a box of its own.
	overflow = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest(".scroll, .skip, thead")).slice(0, 5).map(e => e.tagName + "." + e.getAttribute("class") + " " + e.textContent.slice(0, 40))`
	// rows are the findings that can be seen, by identifier.
	rows = `[...document.querySelectorAll("tbody th")].filter(e => e.closest(".package") && e.checkVisibility()).map(e => e.textContent.split(" ")[0])`
)

func TestPagesLoadAndFit(t *testing.T) {
	browser := chromium(t)
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			for _, width := range []int64{360, 800, 1600} {
				if name == "many" && width != 360 {
					continue
				}
				tab := open(t, browser, name, view{width: width, height: 800})
				tab.quiet()
				for range 2 {
					if wide := ask[int64](tab, "document.documentElement.scrollWidth"); wide > width {
						t.Errorf("%d pixels wide in a window of %d: %q", wide, width, ask[[]string](tab, overflow))
					}
					ask[any](tab, unfold+", 1")
				}
				tab.quiet()
			}
		})
	}
}

// TestNothingOfAnImageIsMarkup asks the browser's own parser what became of texts
// that would be markup, style or script.
func TestNothingOfAnImageIsMarkup(t *testing.T) {
	browser := chromium(t)
	known := strings.Fields("html head meta title link style script body a header svg circle path h1 span button main article div h2 p b ul ol li nav section h3 h4 small details summary dl dt dd figure figcaption table thead tbody tfoot tr th td rect g text code label input select option output footer i")
	for _, name := range names(t) {
		tab := open(t, browser, name, view{width: 1280, height: 800})
		for _, element := range ask[[]string](tab, `[...new Set([...document.querySelectorAll("*")].map(e => e.localName))]`) {
			if !slices.Contains(known, element) {
				t.Errorf("%s: an element <%s>", name, element)
			}
		}
		if n := ask[int](tab, `document.scripts.length * 100 + document.styleSheets.length`); n != 101 {
			t.Errorf("%s: scripts and styles: %d", name, n)
		}
		if on := ask[[]string](tab, `[...document.querySelectorAll("*")].flatMap(e => [...e.attributes]).map(a => a.name).filter(n => n.startsWith("on") || n === "style" || n === "srcdoc" || n === "src")`); len(on) > 0 {
			t.Errorf("%s: attributes %v", name, on)
		}
		for _, to := range ask[[]string](tab, `[...new Set([...document.querySelectorAll("a[href], area[href]")].map(a => a.protocol + "//" + a.host))]`) {
			if !slices.Contains([]string{"file://", "https://nvd.nist.gov", "https://github.com", "https://attack.mitre.org"}, to) {
				t.Errorf("%s: a link to %s", name, to)
			}
		}
		tab.quiet()
	}
}

func TestFilter(t *testing.T) {
	browser := chromium(t)
	tab := open(t, browser, "full", view{width: 1280, height: 900})
	all := ask[[]string](tab, rows)
	if len(all) < 12 {
		t.Fatalf("only %v can be seen at first", all)
	}
	choose := func(name, value string) {
		t.Helper()
		ask[any](tab, fmt.Sprintf(`(s => { s.value = %q; s.dispatchEvent(new Event("input", { bubbles: true })); return 1 })(document.querySelector(".filter [name=%s]"))`, value, name))
	}
	expect := func(what string, want ...string) {
		t.Helper()
		var got []string
		for range 40 {
			if got = ask[[]string](tab, rows); slices.Equal(got, want) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s shows %v, want %v", what, got, want)
		}
	}
	clearAll := func() { tab.do(chromedp.Click(chromedp.CSS(".filter .clear"))) }

	tab.do(chromedp.SendKeys(chromedp.CSS(".filter [name=text]"), "OpenSSL denial"))
	expect("openssl denial", "CVE-2024-6119", "CVE-2024-0727")
	if said := ask[string](tab, `document.querySelector(".filter output").textContent`); said != "2 of 16 rows in 1 packages" {
		t.Errorf("it says %q", said)
	}
	clearAll()
	expect("cleared", all...)
	choose("severity", "critical")
	expect("critical", "CVE-2021-44228", "CVE-2024-45491", "CVE-2023-45853")
	choose("fix", "unfixed")
	expect("critical without a fix", "CVE-2023-45853")
	clearAll()
	choose("fix", "exploited")
	expect("known exploited", "CVE-2021-44228", "CVE-2023-4911")
	clearAll()
	choose("database", "1")
	expect("only the second database", "CVE-2023-27043")
	clearAll()
	choose("layer", "5")
	expect("the last layer", "CVE-2021-44228")
	clearAll()
	choose("text", "nothing has this in it")
	expect("nothing")
	clearAll()
	tab.do(chromedp.Click(chromedp.CSS(".filter .unfold")))
	if shown := ask[[]string](tab, rows); len(shown) != 16 {
		t.Errorf("unfolded, %d of 16 are there: %v", len(shown), shown)
	}
	ask[any](tab, `(document.querySelector("[data-layer='4']").click(), 1)`)
	expect("the findings of layer 4", "CVE-2021-23337", "CVE-2020-8203")
	tab.quiet()
}

func TestReadableWithoutJavaScript(t *testing.T) {
	browser := chromium(t)
	tab := open(t, browser, "full", view{width: 1280, height: 900, still: true})
	if ask[bool](tab, `document.documentElement.classList.contains("js")`) {
		t.Fatal("the page's script ran")
	}
	text := ask[string](tab, `document.body.innerText`)
	for _, part := range []string{"DO NOT RUN", "Rebuild on a newer docker.io/library/python:3.8-slim", "Shell tied to a network connection", "CVE-2021-44228", "app/deploy/id_rsa", "the base ends here", "Not ruled out by this verdict"} {
		if !strings.Contains(text, part) {
			t.Errorf("it can't be read: %q", part)
		}
	}
	for _, control := range []string{".filter", ".theme"} {
		if ask[bool](tab, fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, control)) {
			t.Errorf("%s is shown and does nothing", control)
		}
	}
	// What is folded opens, since that is the browser's own.
	tab.do(chromedp.Click(chromedp.CSS("#v1-layers summary")))
	if !ask[bool](tab, `document.querySelector("#v1-layers details").open`) {
		t.Error("a layer does not unfold")
	}
	tab.quiet()
}

// contrast lists the texts that stand out less than WCAG 2.2 asks for at level AA
// (success criterion 1.4.3: 4.5 to 1, for large text 3 to 1).
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const light = (c) => [.2126, .7152, .0722].reduce((sum, w, i) => { const v = c[i] / 255; return sum + w * (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); }, 0);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
	const weak = new Set();
	let looked = 0;
	for (const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walker.nextNode();) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest("svg, thead, option, .unseen, .skip")) continue;
		const style = getComputedStyle(e), large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
		const a = light(rgba(style.color)), b = light(ground(e));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		looked++;
		if (ratio < (large ? 3 : 4.5)) weak.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + walker.currentNode.data.slice(0, 30));
	}
	return looked < 20 ? ["only " + looked + " texts"] : [...weak];
})()`

func TestColours(t *testing.T) {
	browser := chromium(t)
	ground := func(tab *tab) string { return ask[string](tab, `getComputedStyle(document.body).backgroundColor`) }
	for _, name := range []string{"full", "incomplete", "empty", "platforms", "crowded"} {
		var grounds []string
		for _, dark := range []bool{false, true} {
			tab := open(t, browser, name, view{width: 1280, height: 900, dark: dark})
			ask[any](tab, unfold+", 1")
			if weak := ask[[]string](tab, contrast); len(weak) > 0 {
				t.Errorf("%s, dark %v: too little contrast: %q", name, dark, weak)
			}
			grounds = append(grounds, ground(tab))
		}
		if grounds[0] == grounds[1] {
			t.Errorf("%s: dark and light are both %s", name, grounds[0])
		}
	}
	// The reader's choice wins over the system's, and is kept.
	tab := open(t, browser, "full", view{width: 1280, height: 900})
	before := ground(tab)
	tab.do(chromedp.Click(chromedp.CSS(".theme")))
	after := ground(tab)
	tab.do(chromedp.Reload())
	if kept := ground(tab); before == after || kept != after {
		t.Errorf("%s, then %s, after loading again %s", before, after, kept)
	}
	tab.do(chromedp.Click(chromedp.CSS(".theme")))
	if back := ground(tab); back != before {
		t.Errorf("back to %s, want %s", back, before)
	}
}

func TestKeyboard(t *testing.T) {
	browser := chromium(t)
	tab := open(t, browser, "full", view{width: 1280, height: 900})
	at := func() string {
		return ask[string](tab, `document.activeElement.localName + " " + document.activeElement.textContent.trim().slice(0, 30)`)
	}
	tab.do(chromedp.KeyEvent("\t"))
	if got := at(); got != "a Skip to the verdict" {
		t.Errorf("the first stop is %q", got)
	}
	var stops []string
	for range 40 {
		tab.do(chromedp.KeyEvent("\t"))
		stops = append(stops, at())
	}
	for _, stop := range []string{"button dark colours", "a Actions", "summary clears 12, 8 urgent"} {
		if !slices.Contains(stops, stop) {
			t.Errorf("the keyboard does not reach %q: %q", stop, stops)
		}
	}
	ask[any](tab, `(document.querySelector("#v1-actions summary").focus(), 1)`)
	tab.do(chromedp.KeyEvent("\r"))
	if !ask[bool](tab, `document.querySelector("#v1-actions details").open`) {
		t.Error("Enter does not unfold")
	}
}

func TestNothingMovesWhileItLoads(t *testing.T) {
	browser := chromium(t)
	for _, name := range []string{"full", "many"} {
		tab := open(t, browser, name, view{width: 1280, height: 900})
		moved, err := chromedp.Run(tab, chromedp.Evaluate[float64](`new Promise(done => {
			let moved = 0;
			new PerformanceObserver(list => { for (const e of list.getEntries()) moved += e.value; }).observe({ type: "layout-shift", buffered: true });
			setTimeout(() => done(moved), 500);
		})`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if moved > 0 {
			t.Errorf("%s: the layout shifts by %g", name, moved)
		}
	}
}

// TestManyFindings opens a page of 30,000 findings and filters it.
func TestManyFindings(t *testing.T) {
	browser := chromium(t)
	tab := open(t, browser, "many", view{width: 1280, height: 900})
	took := ask[float64](tab, `performance.getEntriesByType("navigation")[0].loadEventEnd`)
	filtered := ask[float64](tab, `(() => { const start = performance.now(); const field = document.querySelector(".filter [name=text]"); field.value = "package-2997"; document.querySelector(".filter .clear"); field.dispatchEvent(new Event("input", { bubbles: true })); return start })()`)
	var got []string
	for range 100 {
		if got = ask[[]string](tab, rows); len(got) == 1 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !slices.Equal(got, []string{"CVE-2026-12997"}) {
		t.Errorf("the filter leaves %d rows: %.5v", len(got), got)
	}
	t.Logf("loaded in %.0f ms, filtered within %.0f ms", took, ask[float64](tab, `performance.now()`)-filtered)
	if took > 20_000 {
		t.Errorf("loading takes %.0f ms", took)
	}
	tab.quiet()
}

// TestPrint looks at what paper gets: everything, unfolded, and no controls.
func TestPrint(t *testing.T) {
	browser := chromium(t)
	tab := open(t, browser, "full", view{width: 800, height: 1100, print: true})
	for _, control := range []string{".filter", ".theme", ".toc"} {
		if ask[bool](tab, fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, control)) {
			t.Errorf("%s is printed", control)
		}
	}
	if hidden := ask[[]string](tab, `[...document.querySelectorAll("#v1-layers dd, .package th")].filter(e => !e.checkVisibility({ contentVisibilityAuto: true })).map(e => e.textContent.slice(0, 30))`); len(hidden) > 0 {
		t.Errorf("not printed: %q", hidden)
	}
	pdf, err := chromedp.Run(tab, chromedp.PrintToPDF(func(p *page.PrintToPDFParams) {}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("no PDF: %.20q", pdf)
	}
}

// TestScreenshots leaves pictures for a person to look at; report.png is the one that
// the README shows.
func TestScreenshots(t *testing.T) {
	if shots == "" {
		t.Skip("no folder for pictures given: BROWSER_SHOTS")
	}
	browser := chromium(t)
	for _, picture := range []struct {
		name, page string
		view       view
		whole      bool
	}{
		{"light", "full", view{width: 1600, height: 900}, true},
		{"dark", "full", view{width: 1280, height: 900, dark: true}, true},
		{"narrow", "full", view{width: 360, height: 740, scale: 2}, true},
		{"print", "full", view{width: 800, height: 1100, print: true}, true},
		{"incomplete", "incomplete", view{width: 1280, height: 900}, true},
		{"demo", "demo-node-14", view{width: 1280, height: 900, dark: true}, true},
		{"report", "demo-python-3.8-slim", view{width: 1280, height: 1350}, false},
	} {
		tab := open(t, browser, picture.page, picture.view)
		tab.shoot(picture.name, picture.whole)
		tab.quiet()
	}
}
