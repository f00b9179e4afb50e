package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
)

// logs is what the command line says of a logs.
type logs struct {
	process
	reach
	follow bool
	format string
}

func logsCommand(p process) *cobra.Command {
	l := logs{process: p}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the logs of a running emulator",
		Long: `Print the journal of the emulator that serves --dir now: each invocation with its output and its calls, and each HTTPS call. --follow goes on
with what happens, until ^C or the emulator's end.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return l.run() },
	}
	l.reach.flags(cmd)
	f := cmd.Flags()
	f.BoolVarP(&l.follow, "follow", "f", false, "stream new records")
	f.StringVar(&l.format, "format", "text", "print as `text|json`, one line each")
	return cmd
}

func (l *logs) run() error {
	l.stdout = newPrintable(l.stdout, l.getenv)
	if l.format != "text" && l.format != "json" {
		return usage(fmt.Errorf("--format is %q; write text or json", l.format))
	}
	ctx, stop := l.untilSignal()
	defer stop()
	target, ok, err := l.reach.find(ctx, l.process)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no emulator serves %s; start one with wxfn dev, or name one with --emulator", l.config.Dir)
	}
	var events iter.Seq2[api.Event, error]
	if l.follow { // before the past is read, so that nothing between is missed
		if events, err = target.control().Follow(ctx); err != nil {
			return refusedJournal(target, err)
		}
	}
	past, err := l.past(ctx, target)
	if err != nil {
		return refusedJournal(target, err)
	}
	ended := map[string]bool{}
	for _, v := range past {
		ended[v.RequestID] = !v.Running
		l.print(v)
	}
	if !l.follow {
		return nil
	}
	return l.tail(events, ended)
}

// past returns the journal until now.
func (l *logs) past(ctx context.Context, target running) ([]api.Invocation, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return target.control().Journal(ctx, api.JournalFilter{})
}

// refusedJournal says what to do where the emulator does not show its journal.
func refusedJournal(target running, err error) error {
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return fmt.Errorf("the emulator at %s refuses its journal: %s; set WXFN_TOKEN, or name its folder by --dir", target.URL, refused.Status)
	}
	return err
}

// tail prints what happens, but for what has been printed as past.
func (l *logs) tail(events iter.Seq2[api.Event, error], ended map[string]bool) error {
	for event, err := range events {
		if err != nil {
			return err
		}
		if ended[event.RequestID] {
			continue
		}
		if l.format == "json" {
			_ = json.NewEncoder(l.stdout).Encode(event)
			continue
		}
		switch {
		case event.Line != nil:
			l.line(event.Function, event.RequestID, *event.Line)
		case event.Call != nil:
			l.call(cmp.Or(event.Function, api.SourceHTTPS), event.RequestID, *event.Call)
		case event.Type == api.EventEnd:
			l.end(*event.Invocation)
		case event.Type == api.EventLost:
			fmt.Fprintf(l.stdout, "(%d events are lost: too much at once)\n", event.Lost)
		}
	}
	return nil
}

func (l *logs) print(v api.Invocation) {
	if l.format == "json" {
		_ = json.NewEncoder(l.stdout).Encode(v)
		return
	}
	for _, line := range v.Output {
		l.line(v.Function, v.RequestID, line)
	}
	for _, call := range v.Calls {
		l.call(cmp.Or(v.Function, v.Source), v.RequestID, call)
	}
	if !v.Running {
		l.end(v)
	}
}

const clock = "15:04:05"

func (l *logs) line(function, id string, line api.Line) {
	fmt.Fprintf(l.stdout, "%s %s: %s [%.8s]\n", line.Time.Local().Format(clock), oneLine(function), oneLine(line.Text), id)
}

func (l *logs) call(function, id string, c api.Call) {
	outcome := "ok"
	if c.ErrCode != 0 {
		outcome = fmt.Sprintf("%d %s", c.ErrCode, c.ErrMsg)
	}
	if c.RID != "" {
		outcome += " rid: " + c.RID
	}
	if c.Advice != "" {
		outcome += "; " + c.Advice
	}
	if c.Stub != "" {
		outcome += "; answered by stub " + c.Stub
	}
	for _, miss := range c.NearMisses {
		outcome += "; not by stub " + miss
	}
	fmt.Fprintf(l.stdout, "%s %s: %s %s: %s [%.8s] %s\n", c.Time.Local().Format(clock), oneLine(function), oneLine(c.API), oneLine(c.Params), oneLine(outcome), id, round(c.Duration))
}

func (l *logs) end(v api.Invocation) {
	if v.Source == api.SourceHTTPS { // which has been told
		return
	}
	outcome := "returned"
	if v.HTTP != nil {
		outcome = fmt.Sprintf("%s %s: %d", v.HTTP.Method, v.HTTP.Path, v.HTTP.Status)
		if v.HTTP.Status == 0 {
			outcome = fmt.Sprintf("%s %s: no answer", v.HTTP.Method, v.HTTP.Path)
		}
	}
	switch {
	case v.Error != "" && v.HTTP != nil:
		outcome += "; error: " + v.Error
	case v.Error != "":
		outcome = "error: " + v.Error
	}
	if v.ColdStart {
		outcome += " (cold start)"
	}
	fmt.Fprintf(l.stdout, "%s %s: %s [%.8s] %s\n", v.Start.Add(time.Duration(v.Duration)).Local().Format(clock), oneLine(v.Function), oneLine(outcome), v.RequestID, round(v.Duration))
}

func round(d api.Milliseconds) time.Duration { return time.Duration(d).Round(100 * time.Microsecond) }
