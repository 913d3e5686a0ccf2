package cli

import (
	"context"

	"plimsoll/internal/scan"
)

// examine reads images and asks no database: for each reference one for each
// platform asked.
func (a *app) examine(ctx context.Context, o *imageOptions, refs []string) ([][]*scan.Examined, error) {
	scanner, closeScanner, err := a.scanner(ctx, nil, &o.lookOptions)
	if err != nil {
		return nil, err
	}
	defer closeScanner()
	show := a.newProgress()
	defer show.close()
	scanner.Progress = show.event
	examined, err := scanner.Evidence(ctx, o.open(a), refs...)
	if err != nil {
		ref := ""
		if len(refs) == 1 {
			ref = refs[0]
		}
		return nil, about(ref, err)
	}
	return examined, nil
}
