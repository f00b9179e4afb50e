package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type doer interface{ do() }

type (
	a struct{}
	b struct{}
	c struct{}
	d struct{}
	e struct{}
	f struct{}
	g struct{}
	h struct{}
	i struct{}
	j struct{}
	k struct{}
	l struct{}
)

var ctx = context.Background()

func (a) do() { openapi.Analysis.GetDailyRetain(ctx, nil) }       // want analysis.getDailyRetain
func (b) do() { openapi.Analysis.GetDailySummary(ctx, nil) }      // want analysis.getDailySummary
func (c) do() { openapi.Analysis.GetDailyVisitTrend(ctx, nil) }   // want analysis.getDailyVisitTrend
func (d) do() { openapi.Analysis.GetMonthlyRetain(ctx, nil) }     // want analysis.getMonthlyRetain
func (e) do() { openapi.Analysis.GetMonthlyVisitTrend(ctx, nil) } // want analysis.getMonthlyVisitTrend
func (f) do() { openapi.Analysis.GetUserPortrait(ctx, nil) }      // want analysis.getUserPortrait
func (g) do() { openapi.Analysis.GetVisitDistribution(ctx, nil) } // want analysis.getVisitDistribution
func (h) do() { openapi.Analysis.GetVisitPage(ctx, nil) }         // want analysis.getVisitPage
func (i) do() { openapi.Analysis.GetWeeklyRetain(ctx, nil) }      // want analysis.getWeeklyRetain
func (j) do() { openapi.Analysis.GetWeeklyVisitTrend(ctx, nil) }  // want analysis.getWeeklyVisitTrend
func (k) do() { openapi.Wxacode.Get(ctx, nil) }                   // want wxacode.get
func (l) do() { openapi.Wxacode.GetUnlimited(ctx, nil) }          // want wxacode.getUnlimited

func returned() (int, doer)        { return 1, a{} }
func concrete() (b, error)         { return b{}, nil }
func variadic(n int, list ...doer) {}
func pair() (int, c)               { return 0, c{} }

type holder struct {
	n int
	d doer
}

func main() {
	_, one := returned()
	one.do()
	var two doer
	var err error
	two, err = concrete()
	_, _ = two, err
	variadic(pair())
	_ = holder{d: d{}}
	_ = holder{1, e{}}
	_ = map[doer]doer{f{}: g{}}
	channel := make(chan doer, 1)
	channel <- h{}
	any(i{}).(doer).do()
	defer func() { recover().(doer).do() }()
	for two = range map[j]int{{}: 1} {
	}
	func() (d doer) { return k{} }()
	table := map[doer]bool{}
	table[l{}] = true
}
