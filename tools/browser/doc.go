// Package browser holds the HTML report against a real headless Chromium. It has
// tests only and is a module of its own, so that the browser's driver is none of
// the product's dependencies; tools/browser.sh writes the pages, finds the browser
// and runs them. Elsewhere they are skipped.
package browser
