package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
)

// scan is what the command line says of a scan or a preview.
type scan struct {
	process
	reach
	argument string
	out      string
}

func scanCommand(p process) *cobra.Command {
	s := scan{process: p, reach: reach{stateOnly: true}}
	cmd := &cobra.Command{
		Use:   "scan FILE|LINK",
		Short: "Show what a code or link opens on a phone",
		Long: `Print the launch options {path, query, scene, appId} of the code in FILE, a JPEG or PNG file or - for standard input, or of
LINK: a URL Scheme, URL Link or Short Link. A photo of a screen will do, within reason. The code or link must be one that the
emulator of this folder has made. query is what the page's onLoad gets: the scene of a getUnlimited code is percent-encoded
in it, and pages call decodeURIComponent.`,
		Example: `  wxfn invoke createqrcode --out qr.jpg && wxfn scan qr.jpg
  wxfn scan https://wxaurl.cn/Xb0T9kQ2yUuO1f3a`,
		Args: oneArgument("scan needs one picture, or one link"),
		RunE: func(_ *cobra.Command, args []string) error {
			s.argument = args[0]
			return s.scan()
		},
	}
	s.reach.flags(cmd)
	return cmd
}

func previewCommand(p process) *cobra.Command {
	s := scan{process: p, reach: reach{stateOnly: true}}
	cmd := &cobra.Command{
		Use:   "preview PATH",
		Short: "Make a code of the developer version, free of quota",
		Long: `Write a QR code that opens PATH, a page with its query, in the developer version of the Mini Program, as a preview in
WeChat DevTools does. It counts against no quota.`,
		Example: `  wxfn preview 'page/index/index?id=7' --out preview.jpg`,
		Args:    oneArgument("preview needs the path of one page"),
		RunE: func(_ *cobra.Command, args []string) error {
			s.argument = args[0]
			return s.preview()
		},
	}
	s.reach.flags(cmd)
	cmd.Flags().StringVar(&s.out, "out", "preview.jpg", "write the picture to `FILE`")
	return cmd
}

func oneArgument(otherwise string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return errors.New(otherwise)
		}
		return nil
	}
}

func (s *scan) scan() error {
	open := func(ctx context.Context, c api.Client) (*api.LaunchOptions, error) { return c.Scan(ctx, s.argument) }
	if !strings.Contains(s.argument, "://") { // no link
		picture, err := readArgument(s.argument, s.stdin)
		if err != nil {
			return usage(err)
		}
		open = func(ctx context.Context, c api.Client) (*api.LaunchOptions, error) {
			return c.ScanPicture(ctx, picture)
		}
	}
	options, err := ask(s, open)
	if err != nil {
		return err
	}
	out := json.NewEncoder(s.stdout)
	out.SetEscapeHTML(false)
	return out.Encode(options)
}

func (s *scan) preview() error {
	jpeg, err := ask(s, func(ctx context.Context, c api.Client) ([]byte, error) { return c.Preview(ctx, s.argument) })
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.out, jpeg, 0o644); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintln(s.stdout, s.out)
	return err
}

// ask asks the control API about the argument. What it refuses is not good; where it fails itself, so does the command.
func ask[T any](s *scan, request func(context.Context, api.Client) (T, error)) (answer T, err error) {
	ctx, stop := s.untilSignal()
	defer stop()
	target, stopTarget, err := s.reach.target(ctx, s.process)
	if err != nil {
		return answer, err
	}
	defer stopTarget()
	answer, err = request(ctx, target.control())
	if refusal, ok := errors.AsType[*api.Error](err); ok {
		err = fmt.Errorf("%s: %w", s.argument, refusal)
		if refusal.StatusCode < http.StatusInternalServerError {
			err = notGood(err)
		}
	}
	return answer, err
}

// readArgument returns the content of a file, or of standard input for "-".
func readArgument(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}
