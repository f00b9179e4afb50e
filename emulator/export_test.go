package emulator

import (
	"fmt"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
)

// SpendQuotas uses up what an app may make of codes and of pages with check_path: false, and draws nothing.
func (e *Emulator) SpendQuotas(appID string) error {
	for name, limit := range map[string]int{"codes": 100_000, "pages": 60_000} {
		for i := range limit {
			id := fmt.Sprint(name, "/", i)
			if _, err := (launch.Codes{Store: e.store}).Add(launch.Code{ID: id, AppID: appID}, launch.Quota{Name: name, Limit: limit, Key: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Permitted reports whether a function may call an API now.
func (e *Emulator) Permitted(name, api string) bool {
	f, ok := e.function(name)
	if !ok {
		return false
	}
	permitted, _ := f.permitted(api)
	return permitted
}
