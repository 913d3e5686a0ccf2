package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pages is the folder with the pages to open, shots where screenshots are left.
var (
	pages = os.Getenv("BROWSER_PAGES")
	shots = os.Getenv("BROWSER_SHOTS")
)

// chromium starts the browser once for a test and everything below it.
func chromium(t *testing.T) context.Context {
	t.Helper()
	program := os.Getenv("BROWSER")
	if pages == "" || program == "" {
		t.Skip("no browser and no pages: make browser gives both")
	}
	// The sandbox needs rights that a container does not give; the pages are ours.
	allocator, end := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(program), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.DisableGPU)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// view is how a page is looked at.
type view struct {
	width, height int64
	scale         float64
	dark, still   bool // still is without JavaScript
	print         bool
}

// tab is one page in a tab of its own, with everything that it complained about.
type tab struct {
	context.Context
	t          *testing.T
	mu         sync.Mutex
	complaints []string
	requests   []string
}

func (tab *tab) note(list *[]string, text string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	*list = append(*list, text)
}

func open(t *testing.T, browser context.Context, name string, v view) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	tab := &tab{Context: ctx, t: t}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			tab.note(&tab.complaints, fmt.Sprintf("console %s", e.Type))
		case *runtime.EventExceptionThrown:
			tab.note(&tab.complaints, "exception: "+e.ExceptionDetails.Text)
		case *log.EventEntryAdded: // violations of the security policy are told here
			tab.note(&tab.complaints, string(e.Entry.Level)+": "+e.Entry.Text)
		case *page.EventJavascriptDialogOpening:
			tab.note(&tab.complaints, "dialog: "+e.Message)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "data:") {
				tab.note(&tab.requests, e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	media := ""
	if v.print {
		media = "print"
	}
	file, err := filepath.Abs(filepath.Join(pages, name+".html"))
	if err != nil {
		t.Fatal(err)
	}
	if v.scale == 0 {
		v.scale = 1
	}
	call(tab, log.Enable, cdp.Empty{})
	call(tab, network.Enable, network.EnableParams{})
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.still})
	tab.do(chromedp.EmulateViewport(v.width, v.height, chromedp.EmulateScale(v.scale)))
	tab.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	return tab
}

func (tab *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	if err := chromedp.Do(tab, actions...); err != nil {
		tab.t.Fatal(err)
	}
}

func call[P, R any](tab *tab, command cdp.Command[P, R], params P) {
	tab.t.Helper()
	if _, err := chromedp.Call(tab, command, params); err != nil {
		tab.t.Fatal(err)
	}
}

// ask evaluates JavaScript from outside the page, which works where the page's own
// is disabled too.
func ask[T any](tab *tab, expression string) T {
	tab.t.Helper()
	answer, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		tab.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// shoot leaves a picture of the whole page, or of its first window.
func (tab *tab) shoot(name string, whole bool) {
	tab.t.Helper()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(tab, take)
	if err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), png, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// quiet fails on anything that the page complained about, and on any request but
// the one for the page.
func (tab *tab) quiet() {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, complaint := range tab.complaints {
		tab.t.Errorf("the page complains: %s", complaint)
	}
	if len(tab.requests) != 1 {
		tab.t.Errorf("the page asks for more than itself: %v", tab.requests)
	}
}

// names are the pages there are.
func names(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pages, "*.html"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages in %s: %v", pages, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".html")
	}
	return files
}
